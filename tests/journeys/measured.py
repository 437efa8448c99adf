"""Archives of hand-made journeys for the tests of measures and report, with the archive's own schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from milepost.journeys.columns import archive_schema, write_parquet
from milepost.journeys.measures.events import Opened, opened

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ADA, BOB, CYD = ("a" * 22, "b" * 22, "c" * 22)

TOUCHPOINTS: list[dict[str, Any]] = [
    {"id": "blog/funnel", "title": "No funnel", "surface": "blog", "kind": "article", "topics": ["sales", "journeys"]},
    {"id": "blog/maps", "title": "Maps", "surface": "blog", "kind": "article", "topics": ["journeys"]},
    {"id": "docs/start", "title": "Start here", "surface": "docs", "kind": "doc", "topics": []},
    {"id": "site/about", "title": "About us", "surface": "site", "kind": "page", "topics": [], "objective": "trust"},
]


def event(
    minutes: float, who: str | None, touchpoint: str, type: str = "view", tier: str = "", **more: Any
) -> dict[str, Any]:
    """One row of the archive, `minutes` after START.

    `who` is a person (22 characters), a visit key (one character), or None for counted; `tier` is told by it.
    """
    person = who if who and len(who) == 22 else None
    at = START + timedelta(minutes=minutes)
    return {
        "at": at,
        "received": at,
        "type": type,
        "touchpoint": touchpoint,
        "tier": tier or ("consented" if person else "visited" if who else "counted"),
        "visit": who.encode() * 16 if who and not person else None,
        "person": person,
        **more,
    }


def archive_of(folder: Path, events: Iterable[Mapping[str, Any]]) -> str:
    """Write the events as an archive, one file a month; returns the folder as MILEPOST_ARCHIVE_URL has it."""
    months: dict[str, list[Mapping[str, Any]]] = {}
    for number, row in enumerate(events):
        months.setdefault(f"{row['at']:%Y-%m}", []).append({"id": number.to_bytes(16), **row})
    for month, rows in months.items():
        path = folder / f"month={month}" / "inbox-1.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(pa.Table.from_pylist(rows, schema=archive_schema()), path)
    return str(folder)


def measured(folder: Path, events: Iterable[Mapping[str, Any]], **range_: datetime) -> Opened:
    return opened(archive_of(folder, events), TOUCHPOINTS, **range_)


def rows_of(table: Any) -> list[tuple[Any, ...]]:
    """A whole ibis table as tuples, in its own order; floats to 6 digits."""
    return [
        tuple(round(value, 6) if isinstance(value, float) else value for value in row.values())
        for row in table.to_pyarrow().to_pylist()
    ]
