"""The worked examples of the measures: journeys as words, made into the tables that measures take.

`events("x y +40d signup", "x")` are two readers: a word is a view of a touchpoint, a minute after the one before it;
`signup` happens where the reader is; `+40d` is a silence; `type:value:value` is an event of another type.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from milepost.journeys.measures.events import NUMBERS, TEXTS
from milepost.journeys.measures.paths import paths, steps
from milepost.journeys.measures.tiers import Rows, linked, rows_of_linked
from milepost.journeys.model import Linked

START = datetime(2026, 1, 5, 9)
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
FIELDS = {
    "search": ("query", "results"), "404": ("path", "referrer"), "form": ("form", "form_step"), "helpful": ("answer",),
}  # fmt: skip
SCHEMA = pa.schema(
    [
        ("id", pa.binary()), ("at", pa.timestamp("us")), ("type", pa.string()), ("touchpoint", pa.string()),
        ("tier", pa.string()), ("visit", pa.string()), ("person", pa.string()), ("goal", pa.string()),
        ("value", pa.float64()), ("currency", pa.string()), ("seconds", pa.float64()),
        *((name, pa.string()) for name in TEXTS), *((name, pa.float64()) for name in NUMBERS),
    ]
)  # fmt: skip
PLACES = ibis.memtable(
    [
        {"touchpoint": touchpoint, "level": level, "place": place}
        for touchpoint, surface, kind in (("x", "blog", "article"), ("y", "docs", "doc"), ("z", "site", "page"))
        for level, place in (("touchpoint", touchpoint), ("surface", surface), ("kind", kind))
    ]
)


def event_of(word: str, here: str) -> dict[str, Any]:
    """What a word says, at the touchpoint where the reader is."""
    kind, *values = word.split(":")
    if kind == "signup":
        return {"type": "signup", "touchpoint": here}
    if kind == "order":
        value, currency = (*values, "EUR")[:2]
        return {"type": "order", "touchpoint": here, "goal": "order", "value": float(value), "currency": currency}
    if kind == "engage":
        return {"type": "engage", "touchpoint": here, "seconds": float(values[0]), "depth": float(values[1])}
    if kind == "vitals":
        return {"type": "vitals", "touchpoint": here, values[0]: float(values[1])}
    if kind in FIELDS:
        said: dict[str, Any] = dict(zip(FIELDS[kind], values, strict=True))
        if "results" in said:
            said["results"] = float(said["results"])
        return {"type": "not-found" if kind == "404" else kind, "touchpoint": here, **said}
    return {"type": "view", "touchpoint": word}


def rows_of_journeys(*journeys: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, journey in enumerate(journeys):
        at, here = START, "x"
        for word in journey.split():
            if word.startswith("+"):
                at += timedelta(**{UNITS[word[-1]]: float(word[1:-1])}) - timedelta(minutes=1)
                continue
            said = event_of(word, here)
            here = said["touchpoint"]
            # Persons differ in their first character, as random ids do.
            person = f"{chr(ord('A') + number % 26)}{number:021d}"
            rows.append({"id": len(rows).to_bytes(16), "at": at, "tier": "consented", "person": person, **said})
            at += timedelta(minutes=1)
    return rows


def table_of(rows: list[dict[str, Any]]) -> Any:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=SCHEMA))


def events(*journeys: str) -> Any:
    return table_of(rows_of_journeys(*journeys))


def trodden(*journeys: str) -> Any:
    return steps(linked(events(*journeys)))


def walks(*journeys: str, goal: str = "signup", lookback_days: int = 400) -> Rows[Linked]:
    return rows_of_linked(events(*journeys)).then(steps).then(lambda given: paths(given, goal, lookback_days))
