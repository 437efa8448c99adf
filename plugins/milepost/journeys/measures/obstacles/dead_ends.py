"""Dead ends: pages after which nearly every visit is over."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.obstacles.detector import COLUMNS, Detector, Threshold

_ENDS_BY_NATURE = ("service", "error")


def dead_ends(steps: ir.Table, places: ir.Table) -> ir.Table:
    """Each visit to each page: failed when the visit ended there, without a conversion there.

    Args:
        steps: one row a step of readers from visited up, see `paths.steps`.
        places: touchpoint, level, place. Pages of the kinds `service` and `error` end a visit by nature.
    Returns:
        tries, see `detector.COLUMNS`; the example is the page met before.
    Source: docs/journeys, "obstacles".

    Example:
        >>> tried = dead_ends(trodden("x y", "x y signup"), PLACES)
        >>> for row in tried.order_by("reader", "at").to_pyarrow().to_pylist():
        ...     print(row["touchpoint"], row["failed"], row["example"])
        x False None
        y True x
        x False None
        y False x
    """
    order = ibis.window(group_by=["reader", "visit"], order_by="number")
    near = steps.mutate(before=steps.touchpoint.lag().over(order), after=steps.at.lead().over(order))
    touches = near.filter(near.goal.isnull())
    by_nature = places.filter((places.level == "kind") & places.place.isin(_ENDS_BY_NATURE))
    touches = touches.filter(~touches.touchpoint.isin(by_nature.touchpoint))
    per_visit = touches.group_by("reader", "visit", "touchpoint").aggregate(
        failed=touches.after.isnull().cast("int64").max() > 0,
        example=touches.before.max(where=touches.after.isnull() | touches.before.notnull()),
        person=touches.person.max(),
        at=touches.at.max(),
    )
    return per_visit.mutate(what=ibis.literal("")).select(*COLUMNS)


DEAD_ENDS = Detector(
    "dead-end",
    dead_ends,
    Threshold(20, 0.8),
    "Of the visits that came to the page, surely more than 80 % ended there, without a conversion.",
    "Say at the end of {touchpoint} what to read or to do next, and link to it.",
    reads="steps",
)
