"""The opener: the archive's Parquet and the site's touchpoints, as ibis tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from milepost.errors import MilepostError
from milepost.journeys.measures.engines import Engine, engine_of

LEVELS = ("touchpoint", "surface", "kind", "topic", "author", "objective", "strategy", "function", "tactic")
"""What an event can be counted by; a touchpoint may have several topics and several authors."""
TEXTS = {
    "query": "query", "path": "path", "referrer": "referrer", "form": "name", "form_step": "step",
    "answer": "answer", "comment": "comment",
}  # fmt: skip
"""The name of a column, and of the field in an event's data that it is; null where there is none."""
NUMBERS = ("results", "depth", "lcp", "inp", "cls")


@dataclass(frozen=True)
class Opened:
    """What every measure reads.

    events: one row an event of a reader: id (16 bytes), at (timestamp, UTC), type, touchpoint, tier, visit (hex
        text of the visit key, or null), person (null below `consented`), goal, value, currency, and what its data
        says: seconds (engaged seconds, null but for `engage`), and the fields of TEXTS and NUMBERS by their names
        here. Events of known bots are left out unless they were asked for.
    places: one row a touchpoint, level of LEVELS and place there: touchpoint, level, place.
    touchpoints: what the site says of each of its touchpoints, by id, as `touchpoints.json` has it.
    bots: how many events of known bots were left out.
    seen: the touchpoints that events name.
    """

    events: ir.Table
    places: ir.Table
    touchpoints: Mapping[str, Mapping[str, Any]]
    bots: int
    seen: frozenset[str] = frozenset()


def opened(
    archive: str,
    touchpoints: Iterable[Mapping[str, Any]],
    start: datetime | None = None,
    end: datetime | None = None,
    engine: str = "duckdb",
    with_bots: bool = False,
) -> Opened:
    """Open the archive for measuring.

    Args:
        archive: folder with Parquet under `month=YYYY-MM/`; one that is empty or absent yields no rows.
        touchpoints: the list in `touchpoints.json`.
        start, end: events with start <= at < end, both aware; None is open.
        with_bots: keep the events of known bots among the others.
    Raises:
        MilepostError: when the engine is not there.
    """
    computed = engine_of(engine)
    rows = _in_range(computed.read(archive), start, end)
    return opened_of(events_of(computed, rows, with_bots), rows, touchpoints, with_bots=with_bots)


def events_of(computed: Engine, rows: ir.Table, with_bots: bool = False) -> ir.Table:
    """The events of readers, as `Opened` has them, in rows of the archive."""
    # What is asked of one type is not looked for in the others, which are nearly all.
    of_form, of_engage = ((rows.type == one).ifelse(rows.data, ibis.null("string")) for one in ("form", "engage"))
    return (rows if with_bots else rows.filter(rows.bot.isnull())).select(
        "id",
        "type",
        "touchpoint",
        "tier",
        "person",
        "goal",
        "value",
        "currency",
        at=computed.utc(rows.at),
        visit=computed.hexed(rows.visit),
        seconds=computed.number(of_engage, "seconds"),
        **{
            name: computed.text(of_form if name.startswith("form") else rows.data, field)
            for name, field in TEXTS.items()
        },
        **{name: computed.number(rows.data, name) for name in NUMBERS},
    )


def opened_of(
    events: ir.Table,
    rows: ir.Table,
    touchpoints: Iterable[Mapping[str, Any]],
    seen: Iterable[str] = (),
    with_bots: bool = False,
) -> Opened:
    """Events, with the places of their touchpoints and of those that were `seen` besides; bots are those in `rows`."""
    known = {str(touchpoint["id"]): touchpoint for touchpoint in touchpoints}
    here = events.select("touchpoint").distinct().touchpoint.to_pyarrow().to_pylist()
    met = frozenset([*seen, *here])
    places = pa.Table.from_pylist(
        [dict(zip(_PLACES.names, place, strict=True)) for place in places_of(known, met)], schema=_PLACES
    )
    bots = 0 if with_bots else int(rows.filter(rows.bot.notnull()).count().execute())
    return Opened(events, ibis.memtable(places), known, bots, met)


def touchpoints_of(site: Path) -> list[dict[str, Any]]:
    """The list in `site/touchpoints.json`; empty where the site was not built yet.

    Raises:
        MilepostError: when the file is none of ours.
    """
    file = site / "touchpoints.json"
    if not file.exists():
        return []
    try:
        found: list[dict[str, Any]] = json.loads(file.read_bytes())["touchpoints"]
        if not all(isinstance(touchpoint["id"], str) for touchpoint in found):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise MilepostError(f"{file}: not a list of touchpoints; build the site again") from error
    return found


_PLACES = pa.schema([("touchpoint", pa.string()), ("level", pa.string()), ("place", pa.string())])


def _in_range(rows: ir.Table, start: datetime | None, end: datetime | None) -> ir.Table:
    """By month too: the folders outside the range are then not even opened."""
    if start:
        start = start.astimezone(UTC)
        rows = rows.filter(rows.month >= f"{start:%Y-%m}", rows.at >= ibis.literal(start))
    if end:
        end = end.astimezone(UTC)
        rows = rows.filter(rows.month <= f"{end:%Y-%m}", rows.at < ibis.literal(end))
    return rows


def places_of(known: Mapping[str, Mapping[str, Any]], seen: Iterable[str]) -> list[tuple[str, str, str]]:
    """Every level's places of every touchpoint that the site has or that an event names."""
    places = []
    for name in sorted({*known, *seen}):
        # A page that is gone is in no manifest; its id still begins with its surface.
        touchpoint: Mapping[str, Any] = known.get(name) or {"surface": name.split("/")[0]}
        for level in LEVELS:
            value = {
                "touchpoint": name,
                "topic": touchpoint.get("topics"),
                "author": touchpoint.get("authors"),
            }.get(level, touchpoint.get(level))
            values = value if isinstance(value, list) else [value] if value else []
            places += [(name, level, str(one)) for one in sorted(set(values))]
    return places
