"""Every table of the report, asked of the measures. Knows neither words nor HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa

from milepost.journeys.answers import Answer, Row
from milepost.journeys.measures.attribution import attribution
from milepost.journeys.measures.blocked import blocked
from milepost.journeys.measures.cohorts import cohorts
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.daily import reached_by_day
from milepost.journeys.measures.docs_and_blog import docs_and_blog
from milepost.journeys.measures.engines import kept
from milepost.journeys.measures.events import LEVELS, Opened
from milepost.journeys.measures.journey_map import beginnings, journey_map
from milepost.journeys.measures.objectives import Objective, objectives
from milepost.journeys.measures.obstacles.ranked import obstacles
from milepost.journeys.measures.paths import came_next, chains, paths, steps_of_readers
from milepost.journeys.measures.reach import reach, readings, total
from milepost.journeys.measures.silences import returns_by_day, silences
from milepost.journeys.measures.surface_part import surface_part
from milepost.journeys.measures.tally import about
from milepost.journeys.measures.tiers import Rows, rows_of_linked, tiers
from milepost.journeys.measures.time_to_convert import time_to_convert
from milepost.journeys.measures.visits import numbered
from milepost.journeys.model import Linked
from milepost.journeys.questions import CHAIN_LENGTH, COLUMNS, GOAL, answered, answered_chains

GOALS_TOLD = 3
PAGES_A_SURFACE = 7
"""So many pages of a surface are in the journey map by name; the others are one."""
OTHERS = "(other {surface})"
PAGE, TOPIC = "page", "topic"


@dataclass(frozen=True)
class Goal:
    """What journeys led to: its name in the events, and what its files are called by."""

    name: str
    slug: str


@dataclass(frozen=True)
class Asked:
    """What the report is asked of, and from where."""

    found: Opened
    plan: tuple[Objective, ...]
    lookback_days: int
    zone: str
    now: datetime


def tables_of(asked: Asked) -> tuple[tuple[Goal, ...], dict[str, Answer]]:
    """The goals that are told of, the main one first, and every table by the name of its file."""
    events, places = asked.found.events, asked.found.places
    # Kept, since several tables are made of each.
    known, everyone = numbered(events), steps_of_readers(events)
    read, trodden = kept(readings(known)), rows_of_linked(everyone)
    reached = answered(conversions(events))
    pages = answered(reach(read, places, "touchpoint"))
    tables = {
        "totals": answered(total(read)),
        "tiers": answered(tiers(events)),
        "blocked": _one(blocked(events, places)),
        "conversions": reached,
        "conversions-by-day": answered(reached_by_day(events, asked.zone)),
        "objectives": Answer(COLUMNS["objectives"], objectives(events, asked.plan, asked.now, asked.zone)),
        "obstacles": Answer(COLUMNS["obstacles"], obstacles(events, places, lookback_days=asked.lookback_days)),
        "silences": answered(silences(trodden.table, places, "surface")),
        "returns-by-day": answered(returns_by_day(trodden.table, asked.zone)),
        "next-within-a-visit": answered(came_next(everyone, places, "touchpoint", "visit")),
        "next-across-silences": answered(came_next(trodden.table, places, "touchpoint", "journey")),
        "reach-by-touchpoint": pages,
        **{f"reach-by-{level}": answered(reach(read, places, level)) for level in LEVELS[1:]},
    }
    goals = goals_of(reached.rows, asked.plan)
    folds = folded(asked.found.touchpoints, pages.rows)
    for goal in goals:
        with about(f"to {goal.name}:"):
            tables |= _of_goal(asked, goal, trodden, folds)
    return goals, tables


def goals_of(reached: Iterable[Row], plan: Iterable[Objective]) -> tuple[Goal, ...]:
    """GOALS_TOLD at most: those that objectives count first, then those reached most often, with one name a file."""
    times = {row["goal"]: row["conversions"] for row in reached}
    wanted = list(dict.fromkeys(one.measure for one in plan))
    names = [name for name in wanted if name in times] + [name for name in times if name not in wanted]
    goals: list[Goal] = []
    for name in (names or wanted or [GOAL])[:GOALS_TOLD]:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "goal"
        taken = {goal.slug for goal in goals}
        goals.append(Goal(name, slug if slug not in taken else f"{slug}-{len(goals) + 1}"))
    return tuple(goals)


def folded(touchpoints: Mapping[str, Mapping[str, Any]], read: Iterable[Row]) -> Any:
    """Where each touchpoint is in the journey map: touchpoint, level (PAGE or TOPIC), place, as an ibis table.

    A page is told by name when it is among the PAGES_A_SURFACE most viewed of its surface; its topic is the first that
    it has, which is its category.
    """
    rows, told = [], dict[str, int]()
    seen = [row["touchpoint"] for row in read]
    for name in dict.fromkeys([*seen, *touchpoints]):
        surface = surface_of(name, touchpoints)
        told[surface] = told.get(surface, 0) + 1
        few = told[surface] <= PAGES_A_SURFACE
        rows.append({"touchpoint": name, "level": PAGE, "place": name if few else OTHERS.format(surface=surface)})
        if topics := touchpoints.get(name, {}).get("topics"):
            rows.append({"touchpoint": name, "level": TOPIC, "place": str(topics[0])})
    schema = pa.schema([(column, pa.string()) for column in ("touchpoint", "level", "place")])
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


def surface_of(name: str, touchpoints: Mapping[str, Mapping[str, Any]]) -> str:
    """A touchpoint's surface; that of a page that is gone still begins its id."""
    return str(touchpoints.get(name, {}).get("surface") or name.split("/", maxsplit=1)[0])


def _of_goal(asked: Asked, goal: Goal, trodden: Rows[Linked], folds: Any) -> dict[str, Answer]:
    """What led to one goal."""
    places, to = asked.found.places, f"to-{goal.slug}"
    walked = trodden.then(lambda table: kept(paths(table, goal.name, asked.lookback_days)))
    begun = kept(beginnings(trodden.table, goal.name))
    levels = [level for level in LEVELS if level in ("touchpoint", "surface") or _has(asked.found.touchpoints, level)]
    return {
        f"paths-{to}": answered_chains(chains(walked.table, CHAIN_LENGTH), goal.name),
        **{f"map-{to}-by-{by}": answered(journey_map(begun, folds, goal.name, by)) for by in (PAGE, TOPIC)},
        **{
            f"attribution-{to}-by-{level}": Answer((level, *COLUMNS["attribution"]), attribution(walked, places, level))
            for level in levels
        },
        f"time-{to}": Answer(COLUMNS["time-to-convert"], time_to_convert(walked.table, places)),
        f"docs-and-blog-{to}": answered(docs_and_blog(walked.table, places)),
        f"surfaces-{to}": answered(surface_part(trodden.table, walked.table, places, goal.name)),
        f"cohorts-{to}": answered(cohorts(trodden.table, places, goal.name, asked.zone)),
    }


def _has(touchpoints: Mapping[str, Mapping[str, Any]], level: str) -> bool:
    """Whether any touchpoint has a place at the level: else there is nothing to tell apart."""
    name = {"topic": "topics", "author": "authors"}.get(level, level)
    return any(touchpoint.get(name) for touchpoint in touchpoints.values())


def _one(row: Row) -> Answer:
    return Answer(tuple(row), [row])
