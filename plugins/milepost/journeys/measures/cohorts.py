"""Cohorts: what became of those who first came in a month, by where they first came."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.places import placed
from milepost.journeys.measures.tally import tallied
from milepost.journeys.measures.zones import on_the_wall


def cohorts(steps: ir.Table, places: ir.Table, goal: str, zone: str, by: str = "surface") -> ir.Table:
    """How many of those whose first touch was in a month, at a place, have reached the goal since.

    Args:
        steps: one row a step of linked readers, see `paths.steps`; since its beginning, or the first touch is not one.
        places: touchpoint, level, place.
        goal: such as `signup`.
        zone: whose months, such as Europe/Berlin.
        by: a level at which a touchpoint has one place at most, of `paths.SINGLE`.
    Returns:
        one row a month and place: month (first day of it), the level's name, people, converted (people who reached
        the goal after their first touch, once or more), rate (0 to 1), days (mean, from first touch to first
        conversion; null where none converted).
    Source: docs/journeys, "first touch by cohort".

    Example:
        >>> found = cohorts(trodden("x +40d y +0d signup", "x"), PLACES, "signup", "UTC")
        >>> for row in found.to_pyarrow().to_pylist():
        ...     print(*row.values())
        2026-01-01 blog 2 1 0.5 40.0
    """
    touches = steps.filter(steps.goal.isnull())
    order = ibis.window(group_by="reader", order_by="number")
    numbered = touches.mutate(number=ibis.row_number().over(order))
    first = placed(numbered.filter(numbered.number == 0), places, by)
    first = first.select("reader", "place", first_at="at")
    goals = steps.filter(steps.goal == goal).select("reader", won_at="at")
    joined = first.left_join(goals, ["reader", goals.won_at >= first.first_at])
    one = joined.group_by("reader", "place", "first_at").aggregate(won_at=joined.won_at.min())
    day = on_the_wall(one.first_at, zone).date()
    took = (one.won_at.epoch_seconds() - one.first_at.epoch_seconds()).cast("float64").fill_null(0.0)
    told = one.mutate(month=day.truncate("M"))
    won = told.won_at.notnull().cast("int64")
    counts = tallied("cohorts", told, "month", "place", people=1, converted=won, seconds=took)
    days = counts.seconds / (counts.converted * 86_400).nullif(0)
    rated = counts.mutate(rate=counts.converted / counts.people, days=days)
    ordered = rated.order_by("month", rated.people.desc(), "place")
    return ordered.select("month", "place", "people", "converted", "rate", "days").rename({by: "place"})
