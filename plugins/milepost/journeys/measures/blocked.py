"""Blocked: of how many readers nothing came but what the server itself recorded."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import numpy as np

from milepost.journeys.measures.tally import tally_of
from milepost.journeys.measures.tiers import with_reader

SECONDS_AFTER = 60
LEAST = 20
_Z = 1.959963984540054


def blocked(events: ir.Table, places: ir.Table) -> dict[str, Any]:
    """How many confirmed signups were followed by no view of the page that says so.

    The server records a signup by itself. Its answer is a page of kind `service`, whose script, where it runs, sends a
    view. Where none comes within a minute, the script was blocked, or there was no JavaScript.

    Args:
        events: one row an event of a reader, of every tier: type, touchpoint, at.
        places: touchpoint, level, place.
    Returns:
        signups; silent (those with no such view); share (silent / signups), low and high (95 %, Wilson): None where
        there are fewer than LEAST signups, or no view of such a page at all. It is a share of those who sign up, and at
        least that: at a busy time another reader's view hides one that is missing.
    Source: docs/journeys, "how much may be linked"; Wilson, "Probable Inference" (1927).

    Example:
        >>> blocked(events("x signup", "x signup"), PLACES)
        {'signups': 2, 'silent': 2, 'share': None, 'low': None, 'high': None}
    """
    services = places.filter((places.level == "kind") & (places.place == "service")).touchpoint
    shown = (events.type == "view") & events.touchpoint.isin(services)
    told = with_reader(events.filter((events.type == "signup") | shown))
    told = told.select("reader", "at", signup=told.type == "signup")
    rows = tally_of("signups and their pages", told, "at", "signup", times=1).sort_by("at")
    times = rows["times"].to_numpy()
    at = np.repeat(rows["at"].cast("timestamp[us]").cast("int64").to_numpy() / 1e6, times)
    signup = np.repeat(np.array(rows["signup"].to_pylist(), dtype=bool), times)
    signups, views = at[signup], at[~signup]
    # As many as there are views in the minute after it.
    after = np.searchsorted(views, signups + SECONDS_AFTER, "right") - np.searchsorted(views, signups, "left")
    silent = int((after == 0).sum())
    low, high = _wilson(silent, len(signups)) if len(signups) >= LEAST and len(views) else (None, None)
    return {
        "signups": len(signups),
        "silent": silent,
        "share": silent / len(signups) if low is not None else None,
        "low": low,
        "high": high,
    }


def _wilson(count: int, of: int) -> tuple[float, float]:
    share, spread = count / of, _Z**2 / of
    root = _Z * (share * (1 - share) / of + spread / (4 * of)) ** 0.5
    middle = share + spread / 2
    return max((middle - root) / (1 + spread), 0.0), min((middle + root) / (1 + spread), 1.0)
