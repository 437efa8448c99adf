"""Conversions: what readers did that the publisher hopes for, and how much of it can be seen as journeys."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.tally import tallied
from milepost.journeys.measures.tiers import with_reader

CONVERSIONS = ("convert", "order", "signup")
"""The types of event that convert; their goal is `goal`, or the type itself where there is none."""


def goal_of(events: ir.Table) -> ir.StringValue:
    """The goal that each event reaches, null where it is no conversion."""
    return events.type.isin(CONVERSIONS).ifelse(ibis.coalesce(events.goal, events.type), ibis.null("string"))


def conversions_of(events: ir.Table) -> ir.Table:
    """The events that reach a goal, with that `goal`, and `reader` and `person` as `tiers.with_reader` has them."""
    return with_reader(events.mutate(goal=goal_of(events)).filter(lambda rows: rows.goal.notnull()))


def conversions(events: ir.Table) -> ir.Table:
    """How often each goal was reached.

    Args:
        events: one row an event of a reader: type, goal, tier, person.
    Returns:
        one row a goal, most reached first: goal, conversions (from every tier), linked (those of them that are
        part of a journey, from consented up), people (from consented up).
    Source: docs/journeys, "conversion".

    Example:
        >>> for row in conversions(events("x signup", "x signup order:9.5")).to_pyarrow().to_pylist():
        ...     print(*row.values())
        signup 2 2 2
        order 1 1 1
    """
    reached = conversions_of(events)
    each = reached.group_by("goal", "reader", "person").aggregate(times=reached.count())
    mine = each.person.notnull()
    counts = tallied(
        "conversions", each, "goal",
        conversions=each.times, linked=mine.ifelse(each.times, 0), people=mine.cast("int64"),
    )  # fmt: skip
    return counts.order_by(counts.conversions.desc(), "goal")
