"""Silences: who vanished, for how long, and what they came back by."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.places import placed
from milepost.journeys.measures.tally import tallied

LEAST_DAYS = 30


def silences(steps: ir.Table, places: ir.Table, by: str = "touchpoint", least_days: int = LEAST_DAYS) -> ir.Table:
    """Every silence of `least_days` or more, by how long it was, what was met before it, and what ended it.

    Args:
        steps: one row a step of linked readers, see `paths.steps`.
        places: touchpoint, level, place.
        by: a level at which a touchpoint has one place at most, of `paths.SINGLE`.
        least_days: a silence is at least so long, > 0.
    Returns:
        one row: months (whole ones of 30 days), left_after and back_by (places), times, people, converted (how many
        of them converted, to any goal, at some time after they came back), most frequent first.
    Source: docs/journeys, "vanished for half a year".

    Example:
        >>> steps_ = trodden("x +185d y signup", "x +190d y", "x y")
        >>> silences(steps_, PLACES).to_pyarrow().to_pylist()
        [{'months': 6, 'left_after': 'x', 'back_by': 'y', 'times': 2, 'people': 2, 'converted': 1}]
    """
    order = ibis.window(group_by="reader", order_by="number")
    here = placed(steps, places, by)
    later = ibis.window(group_by="reader", order_by="number", preceding=0, following=None)
    told = here.mutate(
        before=here.at.lag().over(order),
        left_after=here.place.lag().over(order),
        wins=here.goal.notnull().cast("int64").sum().over(later),
    )
    quiet_days = (told.at.epoch_seconds() - told.before.epoch_seconds()).cast("float64") / 86_400
    told = told.mutate(days=quiet_days).filter(lambda rows: rows.days >= least_days)
    told = told.mutate(months=(told.days / 30).floor().cast("int64"))
    each = told.group_by("reader", "months", "left_after", back_by=told.place).aggregate(
        times=told.count(), converted=(told.wins > 0).cast("int64").sum()
    )
    counts = tallied(
        f"silences by {by}", each, "months", "left_after", "back_by",
        times=each.times, people=1, converted=each.converted,
    )  # fmt: skip
    return counts.order_by(counts.times.desc(), "months", "left_after", "back_by")


def returns_by_day(steps: ir.Table, zone: str, least_days: int = LEAST_DAYS) -> ir.Table:
    """How many came back after a silence, day by day, as a calendar shows it.

    Args:
        steps, least_days: as for `silences`. zone: whose days, such as Europe/Berlin.
    Returns:
        one row a day on which somebody came back: day (date), times, people.

    Example:
        The worked example's first event is on 5 January 2026 at 09:00 UTC.

        >>> returns_by_day(trodden("x +40d y"), "UTC").to_pyarrow().to_pylist()
        [{'day': datetime.date(2026, 2, 14), 'times': 1, 'people': 1}]
    """
    from milepost.journeys.measures.zones import on_the_wall

    order = ibis.window(group_by="reader", order_by="number")
    told = steps.mutate(before=steps.at.lag().over(order))
    quiet = told.filter((told.at.epoch_seconds() - told.before.epoch_seconds()) >= least_days * 86_400)
    days = quiet.mutate(day=on_the_wall(quiet.at, zone).date())
    each = days.group_by("reader", "day").aggregate(times=days.count())
    return tallied("returns by day", each, "day", times=each.times, people=1).order_by("day")
