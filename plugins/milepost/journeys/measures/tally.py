"""Tallies: the sums over readers that measures are made of, and a ledger that brings them up to date.

What one reader adds to a tally depends on no other reader. So when a few readers did something new, a tally is what it
was, less what those few had added before, plus what they add now; nobody else's events are read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BEFORE = "|"
"""Ends the name of a reader whose rows are those that were counted before: no reader's own name has it."""
_ROWS = "rows of it"
_MOST = 2**62


class UnknownTallyError(LookupError):
    """What was known before does not say this; it must be counted from nothing."""


class Ledger:
    """The tallies of one run, by name.

    Args:
        base: those of an earlier run. Then every row that is tallied is one of a reader who did something since,
            twice: as it is now, and, where it was there in the earlier run, with BEFORE after the reader's name. None
            counts from nothing.
    """

    def __init__(self, base: Mapping[str, pa.Table] | None = None) -> None:
        self.base = base
        self.tables: dict[str, pa.Table] = {}
        """What this run has tallied; the base of a later one."""
        self.about: tuple[str, ...] = ()
        self._rows: dict[str, Any] = {}

    def summed(self, name: str, rows: ir.Table, by: tuple[str, ...], sums: Mapping[str, Any]) -> pa.Table:
        """See `tallied`."""
        if self._is_known(name, rows):
            return self.tables[self._named(name)].drop_columns(_ROWS)
        sign: Any = 1 if self.base is None else _sign(rows)
        counted = {told: _signed(rows, value, sign) for told, value in {**sums, _ROWS: 1}.items()}
        table = _coded(rows.aggregate(by=by, **counted).to_pyarrow(), by)
        if self.base is not None:
            before = self._before(name, table.schema)
            table = _added(before, table, by)
        if by:
            table = table.filter(pc.greater(table[_ROWS], 0))
        self.tables[self._named(name)] = table
        return table.drop_columns(_ROWS)

    def extent(self, name: str, rows: ir.Table) -> tuple[datetime | None, datetime | None]:
        """See `extent_of`; only what is added can change it, which is all that may happen between two runs."""
        table = _extent(rows)
        if self.base is not None:
            both = pa.concat_tables([self._before(name, table.schema), table])
            least, most = pc.min(both["first"]), pc.max(both["last"])
            table = pa.table([[least.as_py()], [most.as_py()]], schema=table.schema)
        self.tables[self._named(name)] = table
        (row,) = table.to_pylist()
        return row["first"], row["last"]

    def _before(self, name: str, schema: pa.Schema) -> pa.Table:
        found = (self.base or {}).get(self._named(name))
        if found is None or not found.schema.equals(schema):
            raise UnknownTallyError(self._named(name))
        return found

    def _is_known(self, name: str, rows: ir.Table) -> bool:
        """Whether this tally was made, of the same rows."""
        if self._rows.setdefault(self._named(name), rows.op()) != rows.op():
            raise ValueError(f"two tallies are called {self._named(name)}")
        return self._named(name) in self.tables

    def _named(self, name: str) -> str:
        return " ".join((*self.about, name))


_LEDGER: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


@contextmanager
def kept_in(ledger: Ledger) -> Iterator[None]:
    """Whatever is tallied in the block is in the ledger."""
    token = _LEDGER.set(ledger)
    try:
        yield
    finally:
        _LEDGER.reset(token)


@contextmanager
def about(what: str) -> Iterator[None]:
    """Tallies of the block are of `what`, such as a goal: a measure that is asked twice has two."""
    ledger = _LEDGER.get()
    if ledger is None:
        yield
        return
    before, ledger.about = ledger.about, (*ledger.about, what)
    try:
        yield
    finally:
        ledger.about = before


def is_update() -> bool:
    """Whether only the rows of a few readers are asked for."""
    ledger = _LEDGER.get()
    return ledger is not None and ledger.base is not None


def is_kept() -> bool:
    """Whether tallies are kept for a later run, so that they may not be of chosen rows only."""
    return _LEDGER.get() is not None


def tallied(name: str, rows: ir.Table, *by: str, **sums: Any) -> ir.Table:
    """The sums over the rows with equal `by`; in one row when there is none.

    Args:
        name: different for each tally of a run, see `about`; and so for whatever shapes it.
        rows: any grain, with `reader`: what a row says must not depend on other readers' events.
        by: columns.
        sums: by the name to give: a number of each row, none of them null; 1 counts rows.
    Returns:
        one row each, in no order: by, sums. As an expression; in a ledger, as what it comes to.

    Example:
        Two did something, one of them more since.

        >>> from milepost.journeys.measures.tally import Ledger, kept_in, tallied
        >>> rows = ibis.memtable({"reader": ["ada", "bob"], "at": ["x", "y"]})
        >>> with kept_in(Ledger()) as _, kept_in(first := Ledger()):
        ...     known = tallied("views", rows, "at", views=1)
        >>> since = ibis.memtable({"reader": ["bob|", "bob", "bob"], "at": ["y", "y", "y"]})
        >>> with kept_in(Ledger(first.tables)):
        ...     print(tallied("views", since, "at", views=1).order_by("at").to_pyarrow().to_pylist())
        [{'at': 'x', 'views': 1}, {'at': 'y', 'views': 2}]
    """
    ledger = _LEDGER.get()
    if ledger is not None:
        return ibis.memtable(_decoded(ledger.summed(name, rows, by, sums)))
    return rows.aggregate(by=by, **{told: _signed(rows, value, 1) for told, value in sums.items()})


def tally_of(name: str, rows: ir.Table, *by: str, **sums: Any) -> pa.Table:
    """What `tallied` comes to; texts may be coded as dictionaries."""
    ledger = _LEDGER.get()
    if ledger is not None:
        return ledger.summed(name, rows, by, sums)
    return tallied(name, rows, *by, **sums).to_pyarrow()


def extent_of(name: str, rows: ir.Table) -> tuple[datetime | None, datetime | None]:
    """The first and the last `at` of the rows; None each where there are none."""
    ledger = _LEDGER.get()
    if ledger is not None:
        return ledger.extent(name, rows)
    (row,) = _extent(rows).to_pylist()
    return row["first"], row["last"]


def _extent(rows: ir.Table) -> pa.Table:
    return rows.aggregate(first=rows["at"].min(), last=rows["at"].max()).to_pyarrow()


def _sign(rows: ir.Table) -> ir.IntegerValue:
    return rows.reader.endswith(BEFORE).fill_null(False).ifelse(ibis.literal(-1, "int64"), ibis.literal(1, "int64"))


def _signed(rows: ir.Table, value: Any, sign: Any) -> ir.NumericValue:
    one = isinstance(value, int)
    if isinstance(sign, int):
        return rows.count() if one else value.sum()
    return (sign if one else value * sign).sum()


def _added(before: pa.Table, since: pa.Table, by: tuple[str, ...]) -> pa.Table:
    """Two tables with one row for each `by`, added up."""
    both = pa.concat_tables([before, since]).unify_dictionaries()
    if not by:
        # What there was no row for is null, and nothing.
        return pa.table({name: [pc.sum(both[name]).as_py()] for name in both.column_names}, schema=before.schema)
    if not len(both):
        return before
    key = _numbered([both[name] for name in by])
    changed = np.isin(key[: len(before)], key[len(before) :])
    sums = [name for name in before.column_names if name not in by]
    before, since = both.slice(0, len(before)), both.slice(len(before))
    some = pa.concat_tables([before.filter(pa.array(changed)), since])
    anew = some.group_by(list(by)).aggregate([(name, "sum") for name in sums])
    anew = anew.select([*by, *(f"{name}_sum" for name in sums)]).rename_columns([*by, *sums])
    return pa.concat_tables([before.filter(pa.array(~changed)), anew.select(before.column_names).cast(before.schema)])


def _coded(table: pa.Table, by: tuple[str, ...]) -> pa.Table:
    """The same, each text once: then millions of rows are read and compared as numbers."""
    types = {
        name: pa.dictionary(pa.int32(), pa.string()) for name in by if table.schema.field(name).type == pa.string()
    }
    return table.cast(pa.schema([(field.name, types.get(field.name, field.type)) for field in table.schema]))


def _decoded(table: pa.Table) -> pa.Table:
    types = [(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type) for field in table.schema]
    return table.cast(pa.schema(types))


def _numbered(columns: list[pa.ChunkedArray]) -> Any:
    """A number for each row, equal where all columns are."""
    key, count = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        coded = pc.dictionary_encode(column).combine_chunks()
        # What is null has a code of its own, too.
        codes = coded.indices.fill_null(len(coded.dictionary)).to_numpy()
        different = len(coded.dictionary) + 1
        if count * different > _MOST:
            found, key = np.unique(key, return_inverse=True)
            count = len(found)
        key, count = key * different + codes, count * different
    return key
