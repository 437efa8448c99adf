"""Visits: where one reader's events fall apart."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.engines import coded, kept
from milepost.journeys.measures.tiers import LINKED, by_visit, with_reader

GAP_SECONDS = 30 * 60
_NARROW = (
    "reader", "id", "at", "type", "touchpoint", "tier", "goal", "value", "currency", "seconds", "form", "form_step",
)  # fmt: skip
"""What the measures of visits and of journeys read of an event."""
_CODED = ("type", "touchpoint", "tier", "goal", "currency", "form", "form_step")


def visits(events: ir.Table, gap_seconds: int = GAP_SECONDS) -> ir.Table:
    """Number each reader's events, and their visits.

    Args:
        events: one row an event: reader, at (timestamp), id (settles the order of equal times).
        gap_seconds: a visit ends with a silence longer than this, > 0.
    Returns:
        the same rows, with `visit` (in place of the visit key): int, 0 for a reader's first, and `number`: int, 0 for
        a reader's first event. Events that have a `number` are returned as they are.
    Source: docs/journeys, "visit"; the 30 minutes are the convention of web analytics.
    """
    if "number" in events.columns:
        return events
    by_reader = ibis.window(group_by="reader", order_by=["at", "id"])
    before = events.mutate(before=events.at.lag().over(by_reader), number=ibis.row_number().over(by_reader))
    fresh = before.at > before.before + ibis.interval(seconds=gap_seconds)
    marked = before.mutate(fresh=fresh.fill_null(False).cast("int64"))
    running = ibis.cumulative_window(group_by="reader", order_by="number")
    return marked.mutate(visit=marked.fresh.sum().over(running)).drop("before", "fresh")


def numbered(events: ir.Table) -> ir.Table:
    """The events with their readers, visits and numbers, in few and narrow columns, computed once.

    Numbering is what costs most; who asks several measures holds these rows, and all of them are made of the same.

    Args:
        events: one row an event, as `events.opened` has them.
    Returns:
        one row an event, of every tier: reader (null where nobody may be known), person (null below `consented`), visit
        and number (see `visits`; null without a reader), at, type, touchpoint, tier, goal, value, currency, seconds,
        form and form_step. Rows that are so already are returned as they are.
    """
    if "number" in events.columns:
        return events
    keyed = with_reader(events)
    # Whether there is a reader is asked of the text, before the engine makes a number of it.
    people = keyed.select("person").distinct().union(keyed.select(person=by_visit(keyed)).distinct())
    narrow = coded(keyed.select(*_NARROW, someone=keyed.reader.notnull()), _CODED, {"reader": people}, ids=("id",))
    known = visits(narrow.filter(narrow.someone).drop("someone"))
    columns = [name for name in known.columns if name != "id"]
    nobody = narrow.filter(~narrow.someone).mutate(number=ibis.null("int64"), visit=ibis.null("int64"))
    rows = known.select(*columns).union(nobody.select(*columns))
    return kept(rows.mutate(person=ibis.cases((rows.tier.isin(LINKED), rows.reader))))
