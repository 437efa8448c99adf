"""Archives of any size for the benches: readers who come and go over a year, with the archive's own schema."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from milepost.journeys.columns import archive_schema, write_parquet

BEGIN = datetime(2025, 11, 1)
DAYS = 365
EVENTS_A_READER = 20
EVENTS_A_VISIT = 5
TIERS = ("counted", "visited", "consented", "known")
TYPES = ("view", "engage", "outbound", "search", "vitals", "signup")
SHARES = (0.60, 0.30, 0.04, 0.02, 0.035, 0.005)
BATCH = 5_000_000


def touchpoints(count: int) -> list[dict[str, Any]]:
    """`count` pages, as `touchpoints.json` has them: half blog, half docs."""
    return [
        {
            "id": f"{surface}/{n}", "title": f"Page {n}", "surface": surface,
            "kind": "article" if surface == "blog" else "doc",
            "topics": [f"topic-{n % 17}", f"topic-{n % 5}"], "authors": [f"author-{n % 7}"], "objective": f"o-{n % 3}",
        }
        for n in range(count)
        for surface in (("blog", "docs")[n % 2],)
    ]  # fmt: skip


def write_archive(folder: Path, events: int, pages: int, seed: int = 1) -> int:
    """Write `events` events; returns their bytes on disk. As the archive has them: by month, person and time.

    Each BATCH is a file a month, so that any number of events takes little memory; no reader is in two batches.
    """
    made = np.random.default_rng(seed)
    names = np.array([one["id"] for one in touchpoints(pages)])
    for number, start in enumerate(range(0, events, BATCH), 1):
        table = _rows(made, min(BATCH, events - start), names)
        months = pc.strftime(table["at"], format="%Y-%m")
        for month in pc.unique(months).to_pylist():
            rows = table.filter(pc.equal(months, month)).sort_by([("person", "ascending"), ("at", "ascending")])
            path = folder / f"month={month}" / f"made-{number}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_parquet(rows, path)
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def _rows(made: np.random.Generator, count: int, names: Any) -> pa.Table:
    readers = max(count // EVENTS_A_READER, 1)
    reader = np.sort(made.integers(0, readers, count))
    # Each reader begins at some day, and is there in bursts: minutes within a visit, weeks between visits.
    begin = made.uniform(0, DAYS * 0.7, readers)
    gap = np.where(made.random(count) < 0.8, made.exponential(2 / 1440, count), made.exponential(15, count))
    first = np.r_[True, reader[1:] != reader[:-1]]
    run = np.cumsum(gap)
    since = run - np.maximum.accumulate(np.where(first, run, 0))
    days = np.minimum(begin[reader] + since, DAYS - 0.001)
    # What browsers send is in milliseconds.
    at = (np.datetime64(BEGIN, "ms") + (days * 86_400e3).astype("timedelta64[ms]")).astype("datetime64[us]")
    tier = made.choice(4, readers, p=(0.1, 0.4, 0.45, 0.05))[reader]
    # Zipf's law: a few pages have most of the views.
    weight = 1 / np.arange(1, len(names) + 1)
    page = made.choice(len(names), count, p=weight / weight.sum())
    kind = made.choice(len(TYPES), count, p=SHARES)
    data = _data(made, kind)
    linked = tier >= 2
    return pa.table(
        {
            "id": pa.array(_ids(made, at, count), pa.binary(16)),
            "at": pa.array(at).cast(pa.timestamp("us", "UTC")),
            "received": pa.array(at + made.integers(0, 10_000_000, count).astype("timedelta64[us]")).cast(
                pa.timestamp("us", "UTC")
            ),
            "type": pa.array(np.array(TYPES)[kind]),
            "touchpoint": pa.array(names[page]),
            "tier": pa.array(np.array(TIERS)[tier]),
            "visit": pa.array(_keys(made, readers, 16)[reader], pa.binary(16), mask=tier != 1),
            "person": pa.array(_keys(made, readers, 22)[reader], mask=~linked),
            "goal": pa.nulls(count, pa.string()),
            "value": pa.nulls(count, pa.float64()),
            "currency": pa.nulls(count, pa.string()),
            "bot": pa.nulls(count, pa.string()),
            "data": pa.array(data, mask=data == ""),
        },
        schema=archive_schema(),
    )


def _ids(made: np.random.Generator, at: Any, count: int) -> Any:
    """UUIDv7: the millisecond, then chance."""
    made_of = made.integers(0, 256, (count, 16), dtype=np.uint8)
    milliseconds = at.astype("datetime64[ms]").astype(np.int64)
    for byte in range(6):
        made_of[:, byte] = (milliseconds >> (8 * (5 - byte))) & 0xFF
    return [row.tobytes() for row in made_of]


def _keys(made: np.random.Generator, count: int, length: int) -> Any:
    alphabet = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8)
    letters = alphabet[made.integers(0, 64, (count, length))]
    keys = letters.view(f"S{length}").ravel()
    return keys.astype(object) if length == 16 else keys.astype(f"U{length}")


def _data(made: np.random.Generator, kind: Any) -> Any:
    seconds = made.integers(1, 300, len(kind)).astype("U3")
    lcp = made.integers(500, 4000, len(kind)).astype("U4")
    query = made.integers(0, 200, len(kind)).astype("U3")
    engaged = np.char.add(np.char.add('{"seconds":', seconds), ',"depth":50}')
    vitals = np.char.add(np.char.add('{"lcp":', lcp), "}")
    searched = np.char.add(np.char.add('{"query":"word ', query), '","results":3}')
    return np.select([kind == 1, kind == 4, kind == 3], [engaged, vitals, searched], default="")


def day_after(folder: Path, events: int, pages: int) -> None:
    """A day's new events in a file of their own, in the last month: half of them of readers who came before.

    Each comes once, for EVENTS_A_VISIT events, as many as the archive's visits have.
    """
    made = np.random.default_rng(2)
    rows = _rows(made, events, np.array([one["id"] for one in touchpoints(pages)]))
    count = max(events // EVENTS_A_VISIT, 1)
    who = np.sort(made.integers(0, count, events))
    at = np.datetime64(BEGIN + timedelta(days=DAYS), "us") + (
        made.uniform(0, 86_000e6, count)[who] + made.uniform(0, 600e6, events)
    ).astype("timedelta64[us]")
    earlier = _some_of(folder, made, count // 2)
    linked = len(earlier)
    tier = np.where(who < linked, "consented", np.array(TIERS[:3])[made.choice(3, count, p=(0.1, 0.4, 0.5))[who]])
    people = np.r_[earlier, _keys(made, count - linked, 22)].astype(object)[who]
    keys = _keys(made, count, 16)[who]
    columns = {
        "at": pa.array(at).cast(pa.timestamp("us", "UTC")),
        "received": pa.array(at).cast(pa.timestamp("us", "UTC")),
        "tier": pa.array(tier),
        "visit": pa.array(keys, pa.binary(16), mask=tier != "visited"),
        "person": pa.array(people, mask=tier != "consented"),
    }
    for name, column in columns.items():
        rows = rows.set_column(rows.schema.get_field_index(name), archive_schema().field(name), column)
    path = folder / f"month={BEGIN + timedelta(days=DAYS):%Y-%m}" / "day-1.parquet"
    path.parent.mkdir(exist_ok=True)
    write_parquet(rows.sort_by([("person", "ascending"), ("at", "ascending")]), path)


def _some_of(folder: Path, made: np.random.Generator, count: int) -> Any:
    """So many of the archive's people."""
    path = max(folder.rglob("made-1.parquet"), key=lambda path: path.stat().st_size)
    people = pc.unique(pq.read_table(path, columns=["person"], partitioning=None)["person"]).drop_null()
    return made.choice(people.to_numpy(zero_copy_only=False).astype(str), min(count, len(people)), replace=False)
