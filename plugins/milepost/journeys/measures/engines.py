"""Engines: what computes the measures. All that DuckDB and Spark do not do alike is here, and nowhere else."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends import duckdb

from milepost.errors import MilepostError
from milepost.journeys.columns import archive_schema
from milepost.journeys.measures.tally import is_update

_SPARK = re.compile(r"local\[([1-9]\d*|\*)\]|spark://[^/:]+:\d+")

_MEMORY = "3GB"
"""What DuckDB keeps in memory; what is more waits in files of the system's temporary folder until it is done."""


@dataclass(frozen=True)
class Engine:
    """A connection, and what each engine says in its own words.

    read: from the archive's folder or URL to its rows, with `month` (text).
    files: the same from the paths of some of its files; DuckDB alone does that.
    text, number: of a field of `data`, a JSON object or null: null where it is none, or (number) where it is text.
    hexed: bytes as hexadecimal digits in capitals.
    utc: an instant as the time that it is in UTC, without a zone.
    """

    connection: Any
    read: Callable[[str], ir.Table]
    files: Callable[[Sequence[str]], ir.Table]
    text: Callable[[ir.StringValue, str], ir.StringValue]
    number: Callable[[ir.StringValue, str], ir.FloatingValue]
    hexed: Callable[[ir.BinaryValue], ir.StringValue]
    utc: Callable[[ir.TimestampValue], ir.TimestampValue]


class _DuckDB(duckdb.Backend):  # type: ignore[misc]
    """ibis's DuckDB, whose kept tables leave texts in the type that they are computed in; see `coded`."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.known_texts: WeakValueDictionary[Any, Any] = WeakValueDictionary()
        """What `coded` made of each table: the next who asks for the same rows is given the same table."""

    def _create_cached_table(self, name: str, expr: ir.Table) -> ir.Table:
        self._register_in_memory_tables(expr)
        schema = expr.schema()
        types = {one.this.this: one.kind.sql("duckdb") for one in schema.to_sqlglot_column_defs("duckdb")}
        columns = ", ".join(
            f'"{column}"' if schema[column].is_string() else f'"{column}"::{type_} AS "{column}"'
            for column, type_ in types.items()
        )
        self.raw_sql(f'CREATE TEMP TABLE "{name}" AS SELECT {columns} FROM ({expr.compile()})')  # noqa: S608
        namespace = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=schema, source=self, namespace=namespace).to_expr()


def engine_of(name: str) -> Engine:
    """The engine that MILEPOST_ENGINE names: duckdb, local[N] or spark://host:port.

    It becomes the one that tables made of plain values (`ibis.memtable`) are computed by.

    Raises:
        MilepostError: there is no such engine, or what it needs is not installed.
    """
    if name == "duckdb":
        # Everything that is needed is part of DuckDB's wheel: it must never look for more on the network.
        connection = _DuckDB()
        connection.do_connect(
            autoinstall_known_extensions=False,
            TimeZone="UTC",
            memory_limit=_MEMORY,
            temp_directory=tempfile.gettempdir(),
        )
        if not sys.stdout.isatty():
            connection.raw_sql("SET enable_progress_bar = false")
        return Engine(
            connection,
            lambda archive: _read_duckdb(connection, archive),
            lambda files: _read_files(connection, files),
            _text_duckdb,
            _number_duckdb,
            _hex,
            # A cast comes to the same, by way of the calendars of every zone.
            lambda at: _make_timestamp(_epoch_us(at)),
        )
    if not _SPARK.fullmatch(name):
        raise MilepostError(f"MILEPOST_ENGINE is {name!r}; say duckdb, local[N] or spark://host:port")
    connection = _spark(name)
    return Engine(
        connection,
        lambda archive: _read_spark(connection, archive),
        _no_files,
        _text_spark,
        _number_spark,
        _hex,
        lambda at: at.cast("timestamp"),
    )


def kept(table: ir.Table) -> ir.Table:
    """The same rows, computed once for all that is made of them."""
    backend = table.get_backend()
    if backend.name == "pyspark":
        # ibis 12's cache() for Spark, unlike its execute(), forgets tables that are made of plain values.
        backend._register_in_memory_tables(table)
    return table.cache()


def coded(table: ir.Table, few: Iterable[str], many: Mapping[str, ir.Table], ids: Iterable[str] = ()) -> ir.Table:
    """The same rows; an engine that can then handles these columns as numbers, which sort, group and move faster.

    Texts remain texts to whoever asks, in the same order.

    Args:
        few: columns with few different texts.
        many: a column that may have millions of them, with a table of one column in which all of them are.
        ids: columns of 16 bytes that are only compared from here on, and not asked for.
    """
    backend = table.get_backend()
    if not isinstance(backend, _DuckDB) or is_update():
        return table
    if known := backend.known_texts.get(table.op()):
        return known.to_expr()
    backend._register_in_memory_tables(table)
    combined = table.select(*few).distinct().to_pyarrow() if few else {}
    types = dict.fromkeys(ids, "UUID")
    types |= {name: _enumerated(backend, ibis.memtable(pa.table({"text": combined[name]}))) for name in few}
    types |= {name: _enumerated(backend, texts) for name, texts in many.items()}
    replaced = ", ".join(f'"{name}"::{type_} AS "{name}"' for name, type_ in types.items())
    sql = f"SELECT * REPLACE ({replaced}) FROM ({table.compile()})"  # noqa: S608
    found: ir.Table = backend.sql(sql, schema=table.schema())
    backend.known_texts[table.op()] = found.op()
    return found


def _enumerated(connection: Any, texts: ir.Table) -> str:
    """A DuckDB type whose values are the texts in the table's one column."""
    name = str(ibis.util.gen_name("texts"))
    connection._register_in_memory_tables(texts)
    (column,) = texts.columns
    values = f'SELECT DISTINCT "{column}"::VARCHAR AS text FROM ({connection.compile(texts)})'  # noqa: S608
    in_order = f"SELECT text FROM ({values}) WHERE text IS NOT NULL ORDER BY text"  # noqa: S608
    connection.raw_sql(f"CREATE TEMP TYPE {name} AS ENUM ({in_order})")
    return name


def _local(archive: str) -> Path:
    return Path(archive.removeprefix("file://"))


def _read_duckdb(connection: Any, archive: str) -> ir.Table:
    if "://" in archive and not archive.startswith("file://"):
        connection.register_filesystem(_filesystem(archive))
        return _read_files(connection, [f"{archive.rstrip('/')}/month=*/*.parquet"])
    if any(_local(archive).glob("month=*/*.parquet")):
        return _read_files(connection, [str(_local(archive) / "month=*" / "*.parquet")])
    return _read_files(connection, [])


def _read_files(connection: Any, files: Sequence[str]) -> ir.Table:
    if not files:
        return connection.create_table(ibis.util.gen_name("events"), _empty(), temp=True)
    return connection.read_parquet(list(files), hive_partitioning=True, hive_types_autocast=False)


def _no_files(files: Sequence[str]) -> ir.Table:
    raise MilepostError(f"{len(files)} files of an archive are read by DuckDB alone")


def _filesystem(url: str) -> Any:
    scheme = url.partition("://")[0]
    try:
        import fsspec

        return fsspec.filesystem(scheme)
    except (ImportError, ValueError) as error:
        raise MilepostError(f"MILEPOST_ARCHIVE_URL begins with {scheme}://: {error}") from error


def _empty() -> pa.Table:
    # ibis has no binary of a fixed size; DuckDB reads the archive's ids as binary too.
    columns = [(field.name, pa.binary() if field.type == pa.binary(16) else field.type) for field in archive_schema()]
    return pa.schema([*columns, ("month", pa.string())]).empty_table()


def _spark(master: str) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise MilepostError(
            f"MILEPOST_ENGINE is {master!r}, and Spark is not there: pip install milepost[spark]"
        ) from None
    # Its own start-up script would write to the terminal what no reader of a table asked for.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1" if master.startswith("local") else "0.0.0.0")  # noqa: S104
    builder = (
        SparkSession.builder.master(master)
        .appName("milepost")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", os.environ.get("MILEPOST_SPARK_PARTITIONS", "8"))
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .config("spark.log.level", "ERROR")
    )
    try:
        session = builder.getOrCreate()
    except Exception as error:  # py4j has no kind of its own for "no Java"
        raise MilepostError(
            f"MILEPOST_ENGINE is {master!r}: {str(error).splitlines()[0]}; is Java 17 there?"
        ) from error
    return ibis.pyspark.connect(session)


def _read_spark(connection: Any, archive: str) -> ir.Table:
    session = connection._session
    schema = "id binary, at timestamp, received timestamp, type string, touchpoint string, tier string, visit binary, \
person string, goal string, value double, currency string, bot string, data string, month string"
    if "://" not in archive and not any(_local(archive).glob("month=*/*.parquet")):
        frame = session.createDataFrame([], schema)
    else:
        # The folder's own files: what begins with a dot or an underscore is no part of it.
        frame = session.read.schema(schema).parquet(archive)
    frame.createOrReplaceTempView("milepost_events")
    return connection.table("milepost_events")


def _text_duckdb(data: ir.StringValue, name: str) -> ir.StringValue:
    return data.try_cast("json")[name].unwrap_as("string")


def _number_duckdb(data: ir.StringValue, name: str) -> ir.FloatingValue:
    return data.try_cast("json")[name].float


def _text_spark(data: ir.StringValue, name: str) -> ir.StringValue:
    return _get_json_object(data, f"$.{name}")


def _number_spark(data: ir.StringValue, name: str) -> ir.FloatingValue:
    # get_json_object gives the text "9" and the number 9 alike; only a number stands without quotation marks.
    pattern = r'[{,]\s*"' + name + r'"\s*:\s*(-?[0-9][0-9.eE+-]*)\s*[,}]'
    return data.re_extract(pattern, 1).nullif("").try_cast("float64")


@ibis.udf.scalar.builtin(name="hex")  # type: ignore[untyped-decorator]
def _hex(key: bytes) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="epoch_us", signature=((dt.Timestamp(timezone="UTC"),), dt.int64))  # type: ignore[untyped-decorator]
def _epoch_us(at: Any) -> int: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), dt.timestamp))  # type: ignore[untyped-decorator]
def _make_timestamp(microseconds: int) -> Any: ...


@ibis.udf.scalar.builtin(name="get_json_object", signature=((dt.string, dt.string), dt.string))  # type: ignore[untyped-decorator]
def _get_json_object(data: str, path: str) -> str: ...  # type: ignore[empty-body]
