"""Reach: how much was read, and by how many."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from milepost.journeys.measures.places import placed
from milepost.journeys.measures.tiers import readers, unlinked
from milepost.journeys.measures.visits import visits


def readings(events: ir.Table) -> ir.Table:
    """Each view and each engaged time, with the visit it belongs to.

    Args:
        events: one row an event of a reader: id, at, type, touchpoint, tier, visit, person, seconds.
    Returns:
        one row a `view` or `engage`: type, touchpoint, person (null below consented), seconds, visit_of (one text
        for each visit, null where none may be known).
    """
    numbered = visits(readers(events))
    numbered = numbered.mutate(visit_of=numbered.reader + "/" + numbered.visit.cast("string"))
    rest = unlinked(events).mutate(visit_of=ibis.null("string"))
    columns = ("type", "touchpoint", "person", "seconds", "visit_of")
    rows = numbered.select(*columns).union(rest.select(*columns))
    return rows.filter(rows.type.isin(("view", "engage")))


def reach(readings: ir.Table, places: ir.Table, by: str) -> ir.Table:
    """How much was read at each place of level `by`.

    Args:
        readings: one row a view or engaged time.
        places: touchpoint, level, place.
        by: a level of LEVELS. A touchpoint with two topics, or two authors, counts for both.
    Returns:
        one row a place, most viewed first: the level's name, and
        views: every `view`, from every tier;
        visits: those with a view there, from visited up;
        people: those with a view there, from consented up;
        engaged_seconds: with the page in front, from every tier.
    Source: docs/journeys, "Tiers of consent": views from every tier, visits from visited up, people from
        consented up.

    Example:
        >>> for row in reach(readings(events("x y +40d x", "x")), PLACES, "surface").to_pyarrow().to_pylist():
        ...     print(*row.values())
        blog 3 3 2 0.0
        docs 1 1 1 0.0
    """
    counts = placed(readings, places, by).aggregate(_COUNTS, by="place")
    return counts.order_by(counts.views.desc(), "place").rename({by: "place"})


def total(readings: ir.Table) -> ir.Table:
    """The same over everything, in one row: views, visits, people, engaged_seconds."""
    return readings.aggregate(_COUNTS)


_VIEWED = _.type == "view"
_COUNTS = {
    "views": _VIEWED.sum().fill_null(0),
    "visits": _.visit_of.nunique(where=_VIEWED),
    "people": _.person.nunique(where=_VIEWED),
    "engaged_seconds": _.seconds.sum().fill_null(0.0),
}
