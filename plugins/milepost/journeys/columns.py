"""The archive's columns, in the one place that says them: what is written, and what every measure may read."""

from __future__ import annotations

import pyarrow as pa

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
