"""Paths: which touchpoints readers met, in which order, and what they led to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.conversions import goal_of
from milepost.journeys.measures.engines import kept
from milepost.journeys.measures.places import NOWHERE, placed
from milepost.journeys.measures.tally import tallied
from milepost.journeys.measures.tiers import readers
from milepost.journeys.measures.visits import numbered, visits

TOUCHES = ("view", "call", "licence", "post", "ticket")
LEFT = "(left)"
EARLIER = "(earlier)"


def steps(events: ir.Table) -> ir.Table:
    """Each reader's touches and conversions.

    A touch is a view, call, licence, post or ticket; consecutive views of one touchpoint within a visit are
    one touch, at the first of them. Whatever else is a step between two views, a conversion too, ends the run.

    Args:
        events: one row an event: reader (from `tiers.linked` or `tiers.readers`), person, id, at, type,
            touchpoint, goal, value, currency.
    Returns:
        one row a step: reader, person, visit and number (int, see `visits`; number is the order), id (unless `events`
        were numbered without it), at, touchpoint, goal (null for a touch), value and currency (of a conversion that
        has them).
    Source: docs/journeys, "touch", "conversion".
    """
    return _of_visits(visits(events))


def steps_of_readers(events: ir.Table) -> ir.Table:
    """The steps of all readers from visited up, computed once for all who ask and hold them.

    Args:
        events: one row an event, as `events.opened` has them, or `visits.numbered`.
    """
    return kept(steps(readers(numbered(events))))


def _of_visits(numbered: ir.Table) -> ir.Table:
    numbered = numbered.mutate(goal=goal_of(numbered))
    met = numbered.filter(numbered.type.isin(TOUCHES) | numbered.goal.notnull())
    order = ibis.window(group_by="reader", order_by="number")
    again = (
        (met.type == "view")
        & (met.type.lag().over(order) == "view")
        & (met.touchpoint.lag().over(order) == met.touchpoint)
        & (met.visit.lag().over(order) == met.visit)
    )
    marked = met.mutate(again=again.fill_null(False))
    columns = ("reader", "person", "visit", "number", "id", "at", "touchpoint", "goal", "value", "currency")
    return marked.filter(~marked.again).select(*(name for name in columns if name in marked.columns))


def paths(steps: ir.Table, goal: str, lookback_days: int, since: datetime | None = None) -> ir.Table:
    """Each reader's touches between two conversions of `goal`, and those after the last: a path with none yet.

    Args:
        steps: one row a step, of linked readers only.
        goal: such as `signup`.
        lookback_days: a touch longer before the end of its path is not part of it, > 0. A path ends with its
            conversion, or, with none yet, with its last touch.
        since: paths that end before it are left out; UTC, without a zone. Their steps must be given all the same.
    Returns:
        one row a touch: reader, path (int, 0 for a reader's first), ended (timestamp), converted (whether the
        path is one to the goal), value and currency (of its conversion), step and back (int: its number from the
        start and from the end, 1 is the nearest), visit, at, touchpoint. A conversion that no touch led to is one
        row, its touchpoint NOWHERE.
    Source: docs/journeys, "path", "journey".

    Example:
        >>> walked = paths(trodden("x y signup y"), "signup", 400).order_by("path", "step")
        >>> for row in walked.select("path", "converted", "step", "back", "touchpoint").to_pyarrow().to_pylist():
        ...     print(*row.values())
        0 True 1 2 x
        0 True 2 1 y
        1 False 1 1 y
    """
    of_goal = steps.filter(steps.goal.isnull() | (steps.goal == goal))
    reached = of_goal.goal.notnull().cast("int64")
    running = ibis.cumulative_window(group_by="reader", order_by="number")
    parted = of_goal.mutate(path=reached.sum().over(running) - reached)
    converts = parted.goal.notnull()
    whole = ibis.window(group_by=["reader", "path"])
    dated = parted.mutate(
        ended=parted.at.max().over(whole),
        converted=converts.cast("int64").max().over(whole) > 0,
        value=parted.value.max(where=converts).over(whole),
        currency=parted.currency.max(where=converts).over(whole),
    )
    if since:
        dated = dated.filter(dated.ended >= ibis.literal(since))
    within = dated.filter(dated.at >= dated.ended - ibis.interval(days=lookback_days))
    forth = ibis.window(group_by=["reader", "path"], order_by="number")
    numbered = within.mutate(
        step=ibis.row_number().over(forth).cast("int64") + 1,
        touches=within.goal.isnull().cast("int64").sum().over(whole),
    )
    # The conversion is the last row of its path; it stays where it is the only one.
    shown = numbered.filter(numbered.goal.isnull() | (numbered.touches == 0))
    return shown.select(
        "reader", "path", "ended", "converted", "value", "currency", "step",
        back=ibis.greatest(shown.touches, 1) - shown.step + 1,
        visit="visit",
        at="at",
        touchpoint=shown.goal.isnull().ifelse(shown.touchpoint, NOWHERE),
    )  # fmt: skip


def chains(paths: ir.Table, length: int = 8) -> ir.Table:
    """The paths that converted, equal ones together, most frequent first.

    Args:
        paths: one row a touch, see `paths`.
        length: so many touches before the conversion are told apart, > 0; what was before them is EARLIER.
    Returns:
        one row a chain: back_`length` to back_1 (touchpoints in the order of time; null where a path is
        shorter, and EARLIER in the first where it is longer), conversions, people, share (of all conversions,
        0 to 1), visits and days (means over its paths: how many visits, how long from first touch to the
        conversion).
    Source: docs/journeys, "path".

    Example:
        >>> for row in chains(walks("x y signup", "x y signup", "y signup").table, 2).to_pyarrow().to_pylist():
        ...     print(row["back_2"], row["back_1"], row["conversions"], row["people"])
        x y 2 2
        None y 1 1
    """
    converted = paths.filter(paths.converted)
    shown = {f"back_{back}": converted.touchpoint.max(where=converted.back == back) for back in range(length, 0, -1)}
    longest = converted.back.max()
    one = converted.group_by("reader", "path").aggregate(
        **shown,
        touches=longest,
        visits=converted.visit.nunique(),
        seconds=(converted.ended.max().epoch_seconds() - converted.at.min().epoch_seconds()).cast("float64"),
    )
    first = f"back_{length}"
    one = one.mutate(**{first: (one.touches > length).ifelse(EARLIER, one[first])})
    each = one.group_by("reader", *shown).aggregate(
        conversions=one.count(), visits=one.visits.sum(), seconds=one.seconds.sum()
    )
    counts = tallied(
        f"chains of {length}", each, *shown,
        conversions=each.conversions, people=1, all_visits=each.visits, seconds=each.seconds,
    )  # fmt: skip
    counts = counts.mutate(
        visits=counts.all_visits / counts.conversions,
        days=counts.seconds / (counts.conversions * 86_400),
    )
    shared = counts.mutate(share=counts.conversions / counts.conversions.sum())
    in_order = shared.select(*shown, "conversions", "people", "share", "visits", "days")
    return in_order.order_by(in_order.conversions.desc(), *reversed(shown))


def came_next(steps: ir.Table, places: ir.Table, by: str, within: Literal["visit", "journey"]) -> ir.Table:
    """What readers met next, from each place of level `by`.

    Args:
        steps: one row a step. Within a visit those of `tiers.readers` may be given; within a journey, that is
            across any silence, those of `tiers.linked` only.
        places: touchpoint, level, place.
        by: a level at which a touchpoint has one place at most, of SINGLE.
        within: whether the last step of a visit, or of the whole journey, is followed by LEFT.
    Returns:
        one row a place and what followed: the level's name, next, times (steps that were followed so), share
        (of all steps at the place: they add up to 1), people (from consented up). A conversion is a step too,
        its goal in brackets: `(signup)`.
    Source: docs/journeys, "paths".

    Example:
        >>> for row in came_next(trodden("x y", "x"), PLACES, "surface", "journey").to_pyarrow().to_pylist():
        ...     print(*row.values())
        blog (left) 1 0.5 1
        blog docs 1 0.5 1
        docs (left) 1 1.0 1
    """
    here = placed(steps, places, by)
    here = here.mutate(place=here.goal.notnull().ifelse("(" + here.goal + ")", here.place))
    keys: Sequence[str] = ("reader", "visit") if within == "visit" else ("reader",)
    order = ibis.window(group_by=keys, order_by="number")
    followed = here.mutate(next=ibis.coalesce(here.place.lead().over(order), LEFT))
    each = followed.group_by("place", "next", "reader", "person").aggregate(times=followed.count())
    person = each.person.notnull().cast("int64")
    counts = tallied(f"next in a {within} by {by}", each, "place", "next", times=each.times, people=person)
    shared = counts.mutate(
        share=counts.times / counts.times.sum().over(ibis.window(group_by="place")),
        all_times=counts.times.sum().over(ibis.window(group_by="place")),
    )
    ordered = shared.order_by(shared.all_times.desc(), "place", shared.times.desc(), "next")
    return ordered.select("place", "next", "times", "share", "people").rename({by: "place"})


SINGLE = ("touchpoint", "surface", "kind", "objective", "strategy", "function", "tactic")
"""The levels at which a touchpoint has one place at most."""
