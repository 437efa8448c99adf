"""Daily: what was reached and how much was read, day by day."""

from __future__ import annotations

import ibis.expr.types as ir

from milepost.journeys.measures.conversions import conversions_of
from milepost.journeys.measures.tally import tallied
from milepost.journeys.measures.zones import on_the_wall


def reached_by_day(events: ir.Table, zone: str) -> ir.Table:
    """How often each goal was reached, day by day.

    Args:
        events: one row an event of a reader, of every tier: type, goal, at.
        zone: whose days, such as Europe/Berlin.
    Returns:
        one row a goal and a day on which it was reached: goal, day (date), conversions.
    Source: docs/journeys, "conversion".

    Example:
        >>> for row in reached_by_day(events("x signup", "x +1d signup"), "UTC").to_pyarrow().to_pylist():
        ...     print(*row.values())
        signup 2026-01-05 1
        signup 2026-01-06 1
    """
    reached = conversions_of(events)
    dated = reached.mutate(day=on_the_wall(reached.at, zone).date())
    return tallied("conversions by day", dated, "goal", "day", conversions=1).order_by("goal", "day")
