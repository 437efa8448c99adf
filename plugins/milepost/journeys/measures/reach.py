"""Reach: how much was read, and by how many."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.engines import coded
from milepost.journeys.measures.places import NOWHERE, placed
from milepost.journeys.measures.tally import tallied
from milepost.journeys.measures.visits import numbered


def readings(events: ir.Table) -> ir.Table:
    """What each visit read at each touchpoint, and what was read there by those of whom no visit may be known.

    Args:
        events: one row an event of a reader: id, at, type, touchpoint, tier, visit, person, seconds.
    Returns:
        one row a touchpoint in a visit: touchpoint, reader and visit (int; both null where none may be known),
        person (null below consented), views, seconds (engaged).
    """
    rows = numbered(events)
    rows = rows.filter((rows.type == "view") | (rows.type == "engage"))
    return rows.group_by("touchpoint", "reader", "person", "visit").aggregate(
        views=(rows.type == "view").cast("int64").sum(), seconds=rows.seconds.sum().fill_null(0.0)
    )


def reach(readings: ir.Table, places: ir.Table, by: str) -> ir.Table:
    """How much was read at each place of level `by`.

    Args:
        readings: one row a touchpoint in a visit.
        places: touchpoint, level, place.
        by: a level of LEVELS. A touchpoint with two topics, or two authors, counts for both.
    Returns:
        one row a place, most viewed first: the level's name, and
        views: every `view`, from every tier;
        visits: those with a view there, from visited up;
        people: those with a view there, from consented up;
        engaged_seconds: with the page in front, from every tier.
    Source: docs/journeys, "Tiers of consent": views from every tier, visits from visited up, people from consented
        up.

    Example:
        >>> for row in reach(readings(events("x y +40d x", "x")), PLACES, "surface").to_pyarrow().to_pylist():
        ...     print(*row.values())
        blog 3 3 2 0.0
        docs 1 1 1 0.0
    """
    at = placed(readings, places, by)
    if by != "touchpoint":
        names = places.filter(places.level == by).select("place").distinct()
        at = coded(at, (), {"place": names.union(ibis.memtable({"place": [NOWHERE]}))})
    counts = _counted(f"reach by {by}", at, "place")
    return counts.order_by(counts.views.desc(), "place").rename({by: "place"})


def total(readings: ir.Table) -> ir.Table:
    """The same over everything, in one row: views, visits, people, engaged_seconds."""
    counts = _counted("reach", readings)
    return counts.mutate(**{name: counts[name].fill_null(0) for name in counts.columns})


def _counted(name: str, readings: ir.Table, *place: str) -> ir.Table:
    """One row a place, or one in all. A visit to two pages of one place is one, and so is a person's second visit."""
    # In steps, each on whole rows: engines do that faster than they count what is different, and beyond their memory.
    visit = readings.group_by(*place, "reader", "person", "visit").aggregate(
        views=readings.views.sum(), seconds=readings.seconds.sum()
    )
    reader = visit.group_by(*place, "reader", "person").aggregate(
        views=visit.views.sum(),
        visits=((visit.views > 0) & visit.reader.notnull()).cast("int64").sum(),
        seconds=visit.seconds.sum(),
    )
    person = ((reader.views > 0) & reader.person.notnull()).cast("int64")
    return tallied(
        name, reader, *place, views=reader.views, visits=reader.visits, people=person, engaged_seconds=reader.seconds
    )
