"""Onward: where the readers of a page went next, if enough of them did that nobody can be told from it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.tally import tallied

LEAST_PEOPLE = 10


def onward(steps: ir.Table, least_people: int = LEAST_PEOPLE) -> ir.Table:
    """What linked readers read next within the visit, after each touchpoint.

    Args:
        steps: one row a step of linked readers, see `paths.steps`.
        least_people: fewer different people than this are not told of, > 0.
    Returns:
        one row: from, to (touchpoints, never the same), people (different ones), by `from`, then most people first.
        What is between two touches of a visit and is none, such as a conversion, is passed over.
    Source: docs/journeys, "onward"; k-anonymity with k = 10.

    Example:
        >>> onward(trodden("x y", "x y x", "x +1d y"), least_people=2).to_pyarrow().to_pylist()
        [{'from': 'x', 'to': 'y', 'people': 2}]
    """
    touches = steps.filter(steps.goal.isnull())
    order = ibis.window(group_by=["reader", "visit"], order_by="number")
    followed = touches.mutate(to=touches.touchpoint.lead().over(order))
    followed = followed.filter(followed.to.notnull(), followed.to != followed.touchpoint)
    each = followed.select("reader", "touchpoint", "to").distinct()
    counts = tallied("onward", each, "touchpoint", "to", people=1)
    enough = counts.filter(counts.people >= least_people).rename({"from": "touchpoint"})
    return enough.order_by("from", enough.people.desc(), "to")
