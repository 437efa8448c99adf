"""Slow pages: those that keep more than a quarter of their readers waiting."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.obstacles.detector import COLUMNS, Detector, Threshold
from milepost.journeys.measures.tiers import with_reader

LIMITS = {"lcp": 2500.0, "inp": 200.0, "cls": 0.1}
"""Milliseconds to the largest picture or text, and from a touch to the next frame; how much the layout moved."""


def slow(events: ir.Table, places: ir.Table) -> ir.Table:
    """Each measurement of a page: failed when it is above its limit.

    Args:
        events: one row an event, of every tier: type, touchpoint, lcp, inp, cls, tier, visit, person, at.
    Returns:
        tries, see `detector.COLUMNS`; what is the name of the measurement.
    Source: the thresholds of Core Web Vitals, "good" for at least 75 % of page views (web.dev/articles/vitals).

    Example:
        >>> tried = slow(events("vitals:lcp:2600 vitals:lcp:2500"), PLACES).order_by("at").to_pyarrow().to_pylist()
        >>> [(row["what"], row["failed"]) for row in tried]
        [('lcp', True), ('lcp', False)]
    """
    measured = with_reader(events.filter(events.type == "vitals"))
    each = [
        measured.filter(measured[name].notnull())
        .mutate(
            what=ibis.literal(name),
            failed=lambda rows, name=name, limit=limit: rows[name] > limit,
            example=ibis.null("string"),
        )
        .select(*COLUMNS)
        for name, limit in LIMITS.items()
    ]
    return ibis.union(*each)


SLOW = Detector(
    "slow",
    slow,
    Threshold(10, 0.25),
    "Surely more than 25 % of the page's measurements are above what is good: 2.5 s (lcp), 200 ms (inp), 0.1 (cls).",
    "Make {touchpoint} lighter ({what}): smaller pictures with their sizes given, less script, nothing that moves.",
)
