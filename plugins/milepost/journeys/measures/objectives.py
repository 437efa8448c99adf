"""Objectives: how far each is, at what pace, where that leads, and what served it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import numpy as np
from scipy import stats

from milepost.journeys.measures.conversions import conversions_of
from milepost.journeys.measures.tally import extent_of, tally_of
from milepost.journeys.measures.zones import on_the_wall

_Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class Objective:
    """An objective that can be measured: `target` conversions to the goal `measure`, from `since` up to and with `by`.

    Without `since` it counts from the first event there is.
    """

    slug: str
    title: str
    measure: str
    target: float
    by: date
    since: date | None = None


def objectives(events: ir.Table, plan: Iterable[Objective], now: datetime, zone: str) -> list[dict[str, Any]]:
    """Each objective: its target, what is reached, the pace, and the projection with its interval.

    Args:
        events: one row an event of a reader, of every tier, open to the past: type, goal, at.
        plan: the objectives.
        now: aware; what comes after it is not yet.
        zone: whose days, such as Europe/Berlin.
    Returns:
        one dict an objective, in the plan's order: objective, title, measure, target, since, by; actual (conversions
        so far); elapsed (share of the time that is over, 0 to 1); expected (what would be reached by now at an even
        pace); pace (actual / expected; None before it begins); needed_a_day from now on (None when it is over);
        projected (at the end, at the pace so far), low and high (95 %); state: `reached`, `on track` (low is above
        the target), `open` (the target lies within the interval), `behind` (high is below it), `missed`, or
        `not begun`.
    Definition of the projection: conversions go on at the mean a day so far, d days of T. Their spread is that of
        counts whose variance is phi times their mean: phi is what the days so far show, at least 1; the mean itself
        is as unsure as its d days make it. Variance = phi * mean * (T - d) * (1 + (T - d) / d).
    Source: docs/journeys, "objectives"; quasi-Poisson prediction, McCullagh and Nelder, Generalized Linear Models.

    Example:
        10 signups are the target of 10 days; after 5 days there are 2.

        >>> plan = [Objective("more", "More signups", "signup", 10, date(2026, 1, 14), date(2026, 1, 5))]
        >>> now = datetime(2026, 1, 10, tzinfo=UTC)
        >>> (row,) = objectives(events("x signup", "x +1d signup"), plan, now, "UTC")
        >>> row["actual"], row["elapsed"], row["pace"], row["needed_a_day"], row["projected"], row["state"]
        (2, 0.5, 0.4, 1.6, 4.0, 'behind')
    """
    today = now.astimezone(ZoneInfo(zone))
    until = now.astimezone(UTC).replace(tzinfo=None)
    reached = conversions_of(events)
    # What a clock that is ahead has sent counts once it is time.
    ahead = (reached.at > until).ifelse(reached.at, ibis.null("timestamp"))
    dated = reached.mutate(day=on_the_wall(reached.at, zone).date(), ahead=ahead)
    rows = tally_of("what objectives count", dated, "goal", "day", "ahead", times=1).to_pylist()
    counts = [row for row in rows if row["ahead"] is None or row["ahead"] <= until]
    begun, _ = extent_of("since when objectives count", events)
    first = begun.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() if begun and begun <= until else today.date()
    return [_told(one, counts, one.since or first, today) for one in plan]


def _told(one: Objective, counts: list[dict[str, Any]], since: date, now: datetime) -> dict[str, Any]:
    days = max((one.by - since).days + 1, 1)
    midnight = datetime.combine(since, datetime.min.time(), now.tzinfo)
    gone = min(max((now - midnight) / timedelta(days=1), 0.0), float(days))
    mine: Counter[date] = Counter()
    for row in counts:
        if row["goal"] == one.measure and since <= row["day"] <= one.by:
            mine[row["day"]] += row["times"]
    actual, left = sum(mine.values()), days - gone
    projected, low, high = _projected(mine, since, actual, gone, left)
    expected = one.target * gone / days
    return {
        "objective": one.slug,
        "title": one.title,
        "measure": one.measure,
        "target": one.target,
        "since": since,
        "by": one.by,
        "actual": actual,
        "elapsed": gone / days,
        "expected": expected,
        "pace": actual / expected if expected else None,
        "needed_a_day": max(one.target - actual, 0) / left if left else None,
        "projected": projected,
        "low": low,
        "high": high,
        "state": _state(one.target, actual, gone, left, low, high),
    }


def _projected(mine: dict[date, int], since: date, actual: int, gone: float, left: float) -> tuple[Any, Any, Any]:
    """(projected, low, high); None each before a day has gone by."""
    if gone < 1:
        return None, None, None
    mean = actual / gone
    whole = [mine.get(since + timedelta(days=number), 0) for number in range(int(gone))]
    spread = float(np.var(whole, ddof=1)) / mean if mean and len(whole) > 1 else 1.0
    # With no conversion so far, as many as one more would make are not ruled out.
    unsure = _Z * float(np.sqrt(max(spread, 1.0) * max(mean, 1 / gone) * left * (1 + left / gone)))
    projected = actual + mean * left
    return projected, max(projected - unsure, float(actual)), projected + unsure


def _state(target: float, actual: int, gone: float, left: float, low: float | None, high: float | None) -> str:
    if actual >= target:
        return "reached"
    if not left:
        return "missed"
    if low is None or high is None:
        return "open" if gone else "not begun"
    return "on track" if low >= target else "behind" if high < target else "open"


def served(rows: Iterable[dict[str, Any]], touchpoints: Iterable[str], model: str = "linear") -> dict[str, Any]:
    """What served an objective and what did not.

    Args:
        rows: attribution of its measure, by touchpoint.
        touchpoints: ids of the pages that the plan places under it.
        model: of `attribution.MODELS`.
    Returns:
        served: rows of the model at its own pages that have credit, most first; idle: its other pages, by id;
        others: rows of the model elsewhere, most first.

    Example:
        >>> found = served(attribution(walks("x y signup"), PLACES), ["x", "z"])
        >>> [row["touchpoint"] for row in found["served"]], found["idle"], len(found["others"])
        (['x'], ['z'], 1)
    """
    mine = set(touchpoints)
    ranked = sorted(
        (row for row in rows if row["model"] == model and row["conversions"] > 0),
        key=lambda row: (-row["conversions"], row["touchpoint"]),
    )
    has = {row["touchpoint"] for row in ranked}
    return {
        "served": [row for row in ranked if row["touchpoint"] in mine],
        "idle": sorted(mine - has),
        "others": [row for row in ranked if row["touchpoint"] not in mine],
    }
