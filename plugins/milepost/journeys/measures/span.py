"""Span: from when to when, and how much, was measured at all."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir

from milepost.journeys.measures.tally import extent_of, tally_of
from milepost.journeys.measures.tiers import with_reader


def span(events: ir.Table) -> dict[str, Any]:
    """The first and the last event.

    Args:
        events: one row an event of a reader: at, tier, visit, person.
    Returns:
        events (how many), first and last (UTC, without a zone; None when there is no event).
    """
    (row,) = tally_of("events", with_reader(events), events=1).to_pylist()
    first, last = extent_of("first and last", events)
    return {**row, "first": first, "last": last}
