"""Journey map: where each visit began, visit after visit, until the goal or until nothing more was heard."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.paths import LEFT
from milepost.journeys.measures.places import NOWHERE, placed
from milepost.journeys.measures.states import UNPLACED
from milepost.journeys.measures.tally import tallied

LATER = "(later)"
VISITS_SHOWN = 4


def beginnings(steps: ir.Table, goal: str) -> ir.Table:
    """Where each reader's visits began, up to their first conversion to `goal`.

    Args:
        steps: one row a step of linked readers, see `paths.steps`.
        goal: such as `signup`.
    Returns:
        one row a visit with a touch, and one a reader who reached the goal without any: reader, number (1 for the
        first visit), touchpoint (of the visit's first touch; NOWHERE where there was none), next (touchpoint of the
        next visit; null at the last), won (whether the goal was reached after the last).
    """
    order = ibis.cumulative_window(group_by="reader", order_by="number")
    of_goal = steps.filter(steps.goal.isnull() | (steps.goal == goal))
    reached = of_goal.goal.notnull().cast("int64")
    until = of_goal.mutate(before=reached.sum().over(order) - reached).filter(lambda rows: rows.before == 0)
    whole = ibis.window(group_by="reader")
    touched = until.goal.isnull()
    until = until.mutate(
        won=(~touched).cast("int64").max().over(whole) > 0,
        touches=touched.cast("int64").sum().over(whole),
    )
    told = until.filter(until.goal.isnull() | (until.touches == 0))
    in_visit = ibis.window(group_by=["reader", "visit"], order_by="number")
    first = told.mutate(row=ibis.row_number().over(in_visit)).filter(lambda rows: rows.row == 0)
    met = (first.touches == 0).ifelse(NOWHERE, first.touchpoint)
    by_time = ibis.window(group_by="reader", order_by="number")
    begun = first.mutate(touchpoint=met)
    return begun.select(
        "reader", "touchpoint", "won",
        number=ibis.row_number().over(by_time).cast("int64") + 1,
        next=begun.touchpoint.lead().over(by_time),
    )  # fmt: skip


def journey_map(
    beginnings: ir.Table, places: ir.Table, goal: str, by: str, visits_shown: int = VISITS_SHOWN
) -> ir.Table:
    """How many people went from a visit that began at one place to a next one that began at another.

    Args:
        beginnings: one row a visit, see `beginnings`.
        places: touchpoint, level, place. At level `by` a touchpoint has one place at most.
        goal: the one that `beginnings` end at.
        visits_shown: what comes after so many visits is LATER, > 0.
    Returns:
        one row: visit (1, 2 ...), the level's name (where it began: NOWHERE where the goal was reached without a
        touch, UNPLACED for what has no place), next (where the next one began; the goal in brackets where it was
        reached before there was one; LEFT where nothing more was heard; LATER), people. Everybody is in one row of
        visit 1, and as many come out of a place at a visit as went in.
    Source: docs/journeys, "visit", "journey".

    Example:
        Two come by the blog; one comes back to the docs and signs up, the other does not come back.

        >>> begun = beginnings(trodden("x +40d y signup", "x"), "signup")
        >>> for row in journey_map(begun, PLACES, "signup", "surface").to_pyarrow().to_pylist():
        ...     print(*row.values())
        1 blog (left) 1
        1 blog docs 1
        2 docs (signup) 1
    """
    shown = beginnings.filter(beginnings.number <= visits_shown)
    # By touchpoint: which of them are told apart, and how they are placed, may be another thing tomorrow.
    rows = tallied(f"map of {visits_shown} visits", shown, "number", "touchpoint", "next", "won", people=1)
    here = placed(rows, places, by).rename(here="place")
    seen = here.mutate(here=((here.here == NOWHERE) & (here.touchpoint != NOWHERE)).ifelse(UNPLACED, here.here))
    there = placed(seen.drop("touchpoint").rename(touchpoint="next"), places, by)
    ends = there.won.ifelse(f"({goal})", LEFT)
    told = there.mutate(
        then=ibis.cases(
            (there.touchpoint.isnull(), ends),
            (there.number == visits_shown, LATER),
            (there.place == NOWHERE, UNPLACED),
            else_=there.place,
        ),
    )
    counts = told.group_by(visit=told.number, here=told.here, next=told.then).aggregate(people=told.people.sum())
    return counts.order_by("visit", counts.people.desc(), "here", "next").rename({by: "here"})
