"""Not found: addresses that readers asked for and that nobody has, and who linked there."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.obstacles.detector import COLUMNS, Detector, Threshold
from milepost.journeys.measures.tiers import with_reader


def not_found(events: ir.Table, places: ir.Table) -> ir.Table:
    """Each request for an address that is none; every one failed.

    Args:
        events: one row an event, of every tier: type, touchpoint, path, referrer, tier, visit, person, at.
    Returns:
        tries, see `detector.COLUMNS`; what is the address, the example is the host that linked to it.
    Source: docs/journeys, "obstacles".

    Example:
        >>> tried = not_found(events("404:/old:blog.example"), PLACES).to_pyarrow().to_pylist()
        >>> [(row["what"], row["example"], row["failed"]) for row in tried]
        [('/old', 'blog.example', True)]
    """
    missed = with_reader(events.filter(events.type == "not-found"))
    return missed.mutate(
        what=ibis.coalesce(missed.path, ""), example=missed.referrer, failed=ibis.literal(True)
    ).select(*COLUMNS)


NOT_FOUND = Detector(
    "not-found",
    not_found,
    Threshold(5, 0.0),
    "The address was asked for at least 5 times, and there is no page.",
    "Redirect {what} to the page that took its place, with Redirect_from in its front matter, or have the link mended.",
)
