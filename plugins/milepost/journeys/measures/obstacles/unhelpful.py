"""Unhelpful pages: those whose readers say that they did not help."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.obstacles.detector import COLUMNS, Detector, Threshold
from milepost.journeys.measures.tiers import with_reader

NO = "no"


def unhelpful(events: ir.Table, places: ir.Table) -> ir.Table:
    """Each answer to "was this helpful": failed when it was NO.

    Args:
        events: one row an event, of every tier: type, touchpoint, answer, comment, tier, visit, person, at.
    Returns:
        tries, see `detector.COLUMNS`; the example is what the reader wrote beside it.
    Source: docs/journeys, "obstacles".

    Example:
        >>> tried = unhelpful(events("helpful:no helpful:yes"), PLACES).order_by("at").to_pyarrow().to_pylist()
        >>> [row["failed"] for row in tried]
        [True, False]
    """
    asked = with_reader(events.filter((events.type == "helpful") & events.answer.notnull()))
    return asked.mutate(what=ibis.literal(""), example=asked.comment, failed=asked.answer.lower() == NO).select(
        *COLUMNS
    )


UNHELPFUL = Detector(
    "unhelpful",
    unhelpful,
    Threshold(5, 0.3),
    "At least 5 readers said that the page did not help, surely more than 30 % of those who answered.",
    "Ask what was missing on {touchpoint}: begin with what its readers wrote and searched for next.",
)
