"""Whose events may be linked to each other, and how much of the traffic each tier of consent is.

Every measure takes its rows through `readers` or `linked`, so that no row is linked further than its reader allowed.
"""

from __future__ import annotations

from typing import get_args

import ibis
import ibis.expr.types as ir

from milepost.journeys.model import TIERS, Linked, Visited

LINKED = tuple(tier.name for tier in get_args(Linked))
"""The tiers whose events are one journey per `person`: consented, known."""


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


def unlinked(events: ir.Table) -> ir.Table:
    """All other events; `reader` and `person` are null. Feeds totals only."""
    keyed = _keyed(events)
    return keyed.filter(keyed.reader.isnull())


def _keyed(events: ir.Table) -> ir.Table:
    person = events.tier.isin(LINKED).ifelse(events.person, ibis.null("string"))
    # No person's id has a colon in it.
    visit = (events.tier == Visited.name).ifelse(ibis.literal("visit:") + events.visit, ibis.null("string"))
    return events.mutate(person=person, reader=ibis.coalesce(person, visit))


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
    counts = events.group_by("tier").aggregate(events=events.count(), views=(events.type == "view").sum())
    joined = names.left_join(counts, "tier").drop("tier_right")
    joined = joined.mutate(events=joined.events.fill_null(0), views=joined.views.fill_null(0))
    shared = joined.mutate(share=(joined.views / joined.views.sum().nullif(0)).fill_null(0.0))
    return shared.order_by("rank").select("tier", "events", "views", "share")
