"""Zones: the time on the wall of a zone, the same on every engine; events are in UTC, a zone is applied when asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

_FIRST, _LAST = 2010, 2040


def on_the_wall(at: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """A UTC timestamp (without a zone) as the wall of `zone` showed it, for days and months of the place.

    Args:
        zone: of the IANA database, such as Europe/Berlin. Its rules are Python's, from 2010 to 2040, so that no two
            engines can disagree.

    Example:
        The last Sunday of March 2026: at 01:00 UTC Berlin's clocks go from 02:00 to 03:00.

        >>> for hour in ("00:59", "01:00"):
        ...     print(on_the_wall(ibis.timestamp(f"2026-03-29T{hour}:00"), "Europe/Berlin").execute())
        2026-03-29 01:59:00
        2026-03-29 03:00:00
    """
    spans = _offsets(ZoneInfo(zone))
    cases = [(at < ibis.literal(until), at + ibis.interval(seconds=seconds)) for until, seconds in spans[:-1]]
    last = at + ibis.interval(seconds=spans[-1][1])
    return ibis.cases(*cases, else_=last) if cases else last


@cache
def _offsets(zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """(until when, seconds ahead of UTC), in order; each change is found to the second."""
    found: list[tuple[datetime, int]] = []
    at, end = datetime(_FIRST, 1, 1, tzinfo=UTC), datetime(_LAST, 1, 1, tzinfo=UTC)
    while at < end:
        after = at + timedelta(days=7)
        if _ahead(at, zone) != _ahead(after, zone):
            low, high = at, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if _ahead(middle, zone) == _ahead(at, zone) else (low, middle)
            found.append((high.replace(tzinfo=None), _ahead(at, zone)))
        at = after
    return [*found, (end.replace(tzinfo=None), _ahead(end, zone))]


def _ahead(at: datetime, zone: ZoneInfo) -> int:
    return int((at.astimezone(zone).utcoffset() or timedelta()).total_seconds())
