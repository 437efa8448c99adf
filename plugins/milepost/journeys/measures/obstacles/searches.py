"""Searches with no result: what readers looked for and the site does not have, or does not call so."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.obstacles.detector import COLUMNS, Detector, Threshold
from milepost.journeys.measures.tiers import with_reader


def searches(events: ir.Table, places: ir.Table) -> ir.Table:
    """Each search: failed when it found nothing.

    Args:
        events: one row an event, of every tier: type, touchpoint, query, results, tier, visit, person, at.
    Returns:
        tries, see `detector.COLUMNS`; what is the query in lower case, without spaces around it.
    Source: docs/journeys, "obstacles".

    Example:
        >>> tried = searches(events("search:Refund:0 search:start:3"), PLACES).order_by("at").to_pyarrow().to_pylist()
        >>> [(row["what"], row["failed"]) for row in tried]
        [('refund', True), ('start', False)]
    """
    asked = with_reader(events.filter((events.type == "search") & events["query"].notnull()))
    return asked.mutate(
        what=asked["query"].lower().strip(),
        example=ibis.null("string"),
        failed=ibis.coalesce(asked.results, 0.0) == 0,
        # The page of the search, or the one it was asked from, tells nothing of what was sought.
        touchpoint=ibis.literal("search"),
    ).select(*COLUMNS)


SEARCHES = Detector(
    "search",
    searches,
    Threshold(3, 0.5),
    "At least 3 searches for the same words found nothing, and surely more than half of them.",
    'Write the page that answers "{what}", or use these words on the one that does.',
)
