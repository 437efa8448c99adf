"""Narrowed: only what happened at some places, for every measure alike."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir

from milepost.journeys.measures.conversions import CONVERSIONS


def narrowed(events: ir.Table, places: ir.Table, only: Mapping[str, str], tier: str | None = None) -> ir.Table:
    """The events at the places that `only` names, of `tier` if one is given.

    Args:
        events: one row an event: type, touchpoint, tier.
        places: touchpoint, level, place.
        only: a place for each of some levels of LEVELS; all must agree. Empty narrows nothing.
    Returns:
        the same rows, fewer. Conversions stay wherever they happened: what is asked is what led to them.

    Example:
        >>> found = narrowed(events("x y signup"), PLACES, {"surface": "docs"})
        >>> found.order_by("at").select("type", "touchpoint").to_pyarrow().to_pylist()
        [{'type': 'view', 'touchpoint': 'y'}, {'type': 'signup', 'touchpoint': 'y'}]
    """
    kept = events.filter(events.tier == tier) if tier else events
    for level, place in only.items():
        there = places.filter((places.level == level) & (places.place == place)).select("touchpoint").distinct()
        converting = kept.type.isin(CONVERSIONS)
        kept = kept.filter(converting | kept.touchpoint.isin(there.touchpoint))
    return kept
