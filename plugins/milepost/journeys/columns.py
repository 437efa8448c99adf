"""The archive's columns, in the one place that says them: what is written, and what every measure may read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_UTC = pa.timestamp("us", tz="UTC")


def archive_schema() -> pa.Schema:
    """The columns of each Parquet file under `month=YYYY-MM/`, in their order.

    `month` is that of `at`. `visit` is null for counted events, and for what did not come from a browser;
    `person` is null unless `tier` is `consented` or `known`; `goal`, `value` (in `currency`, ISO 4217) are
    null unless the event converts; `data` is the event's other data as a JSON object, null when there is none.
    """
    return pa.schema(
        [
            pa.field("id", pa.binary(16), nullable=False),
            pa.field("at", _UTC, nullable=False),
            pa.field("received", _UTC, nullable=False),
            pa.field("type", pa.string(), nullable=False),
            pa.field("touchpoint", pa.string(), nullable=False),
            pa.field("tier", pa.string(), nullable=False),
            pa.field("visit", pa.binary(16)),
            pa.field("person", pa.string()),
            pa.field("goal", pa.string()),
            pa.field("value", pa.float64()),
            pa.field("currency", pa.string()),
            pa.field("bot", pa.string()),
            pa.field("data", pa.string()),
        ]
    )


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write rows of `archive_schema()`, ordered by person and time: under 30 bytes an event, most of them its id.

    Times of neighbours differ by little, and are written as differences; ids never repeat, and get no dictionary.
    """
    times = ("at", "received")
    repeated = [name for name in table.column_names if name not in ("id", "value", *times)]
    differences = dict.fromkeys(times, "DELTA_BINARY_PACKED")
    pq.write_table(table, path, compression="zstd", use_dictionary=repeated, column_encoding=differences)
