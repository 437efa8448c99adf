"""Visits: where one reader's events fall apart."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

GAP_SECONDS = 30 * 60


def visits(events: ir.Table, gap_seconds: int = GAP_SECONDS) -> ir.Table:
    """Number each reader's events by visit.

    Args:
        events: one row an event: reader, at (timestamp), id (settles the order of equal times).
        gap_seconds: a visit ends with a silence longer than this, > 0.
    Returns:
        the same rows, with `visit` (in place of the visit key): int, 0 for a reader's first.
    Source: docs/journeys, "visit"; the 30 minutes are the convention of web analytics.
    """
    by_reader = ibis.window(group_by="reader", order_by=["at", "id"])
    before = events.mutate(before=events.at.lag().over(by_reader))
    fresh = before.at > before.before + ibis.interval(seconds=gap_seconds)
    marked = before.mutate(fresh=fresh.fill_null(False).cast("int64"))
    running = ibis.cumulative_window(group_by="reader", order_by=["at", "id"])
    return marked.mutate(visit=marked.fresh.sum().over(running)).drop("before", "fresh")
