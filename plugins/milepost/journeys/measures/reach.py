"""Reach: how much was read, and by how many."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from milepost.journeys.measures.places import placed
from milepost.journeys.measures.tiers import readers, unlinked
from milepost.journeys.measures.visits import visits


def readings(events: ir.Table) -> ir.Table:
    """What each visit read at each touchpoint, and what was read there by those of whom no visit may be known.

    Args:
        events: one row an event of a reader: id, at, type, touchpoint, tier, visit, person, seconds.
    Returns:
        one row a touchpoint in a visit: touchpoint, reader and visit (int; both null where none may be known),
        person (null below consented), views, seconds (engaged).
    """
    numbered = visits(readers(events))
    rest = unlinked(events).mutate(visit=ibis.null("int64"))
    columns = ("type", "touchpoint", "reader", "person", "visit", "seconds")
    rows = numbered.select(*columns).union(rest.select(*columns))
    rows = rows.filter(rows.type.isin(("view", "engage")))
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
    # A visit to two pages of one place is one; told apart first, since engines count whole rows faster.
    at = placed(readings, places, by).group_by("place", "reader", "person", "visit").aggregate(_SUMS)
    counts = at.group_by("place").aggregate(_COUNTS)
    return counts.order_by(counts.views.desc(), "place").rename({by: "place"})


def total(readings: ir.Table) -> ir.Table:
    """The same over everything, in one row: views, visits, people, engaged_seconds."""
    return readings.group_by("reader", "person", "visit").aggregate(_SUMS).aggregate(_COUNTS)


_SUMS = {"views": _.views.sum(), "seconds": _.seconds.sum()}
_VIEWED = _.views > 0
_COUNTS = {
    "views": _.views.sum().fill_null(0),
    "visits": _.count(where=_VIEWED & _.reader.notnull()),
    "people": _.person.nunique(where=_VIEWED),
    "engaged_seconds": _.seconds.sum().fill_null(0.0),
}
