"""Span: from when to when, and how much, was measured at all."""

from __future__ import annotations

import ibis.expr.types as ir


def span(events: ir.Table) -> ir.Table:
    """The first and the last event, in one row.

    Args:
        events: one row an event of a reader: at.
    Returns:
        one row: events, first and last (timestamps, UTC; null when there is no event).
    """
    return events.aggregate(events=events.count(), first=events.at.min(), last=events.at.max())
