"""Whose events may be linked to each other, and how much of the traffic each tier of consent is.

Every measure takes its rows through `readers` or `linked`, so that no row is linked further than its reader allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, get_args

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.tally import tallied
from milepost.journeys.model import TIERS, Consented, Known, Linked, Tier, Visited

LINKED = tuple(tier.name for tier in get_args(Linked))
"""The tiers whose events are one journey per `person`: consented, known."""


T_co = TypeVar("T_co", bound=Tier, covariant=True)


@dataclass(frozen=True)
class Rows(Generic[T_co]):
    """Rows of readers of the tiers T and of no other, whatever their grain; a measure may ask for them by type.

    Only `rows_of_linked` and `rows_of_readers` make them from events.
    """

    table: ir.Table
    tiers: frozenset[str]

    def then(self, measure: Callable[[ir.Table], ir.Table]) -> Rows[T_co]:
        """What a measure makes of the rows: still of the same readers."""
        return Rows(measure(self.table), self.tiers)


def rows_of_linked(events: ir.Table) -> Rows[Linked]:
    """`linked`, as a type that attribution takes."""
    return Rows(linked(events), frozenset(LINKED))


def rows_of_readers(events: ir.Table) -> Rows[Visited | Consented | Known]:
    """`readers`, as a type that attribution refuses."""
    return Rows(readers(events), frozenset((Visited.name, *LINKED)))


def linked(events: ir.Table) -> ir.Table:
    """The events of readers who said yes, with `reader`: their `person`. Feeds journeys and attribution.

    Args:
        events: one row an event: tier, person, visit (hex text of the visit key, or null).
    """
    keyed = _keyed(events)
    return keyed.filter(keyed.person.notnull())


def readers(events: ir.Table) -> ir.Table:
    """The events that may be linked at all, from visited up, with `reader`: who, for as long as is allowed.

    That is the `person` after a yes, else the visit key, which nobody can make again after a day. Feeds
    content, such as "what came next".
    """
    keyed = _keyed(events)
    return keyed.filter(keyed.reader.notnull())


def with_reader(events: ir.Table) -> ir.Table:
    """All events, each with `reader` (null where nobody may be known), and `person` only from consented up."""
    return _keyed(events)


def unlinked(events: ir.Table) -> ir.Table:
    """All other events; `reader` and `person` are null. Feeds totals only."""
    keyed = _keyed(events)
    return keyed.filter(keyed.reader.isnull())


def _keyed(events: ir.Table) -> ir.Table:
    if "reader" in events.columns:
        return events
    person = events.tier.isin(LINKED).ifelse(events.person, ibis.null("string"))
    visit = (events.tier == Visited.name).ifelse(by_visit(events), ibis.null("string"))
    return events.mutate(person=person, reader=ibis.coalesce(person, visit))


def by_visit(events: ir.Table) -> ir.StringValue:
    """The reader whom a visit's key names; no person's id has a colon in it."""
    return ibis.literal("visit:") + events.visit


def tiers(events: ir.Table) -> ir.Table:
    """How much of the traffic each tier is.

    Args:
        events: one row an event: type, tier.
    Returns:
        one row a tier, those with nothing too, from least to most that is allowed: tier, events, views,
        share (of all views, 0 to 1).
    Source: the docs' table "Tiers of consent".
    """
    names = ibis.memtable({"tier": list(TIERS), "rank": list(range(len(TIERS)))})
    keyed = with_reader(events)
    counts = tallied("tiers", keyed, "tier", events=1, views=(keyed.type == "view").cast("int64"))
    joined = names.left_join(counts, "tier").drop("tier_right")
    joined = joined.mutate(events=joined.events.fill_null(0), views=joined.views.fill_null(0))
    shared = joined.mutate(share=(joined.views / joined.views.sum().nullif(0)).fill_null(0.0))
    return shared.order_by("rank").select("tier", "events", "views", "share")
