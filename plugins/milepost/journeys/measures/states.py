"""States: what a touch counts for at a level, where a touchpoint may have several places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from scipy import sparse

from milepost.journeys.measures.places import NOWHERE

UNPLACED = "(not placed)"


@dataclass(frozen=True)
class States:
    """The states of one level, numbered from 0; state 0 is NOWHERE.

    A touchpoint with two topics is in a state of its own, whose credit its topics share equally, so that
    whatever is credited adds up.

    level: of LEVELS.
    numbers: the state of each touchpoint; one that is not in it is in state 1, UNPLACED.
    keys: of each state, a number that its places alone decide, whatever other states there are.
    places: the level's places, in order of name.
    shares: (places, states) sparse: how much of a state's credit is each place's; each column adds up to 1.
    """

    level: str
    numbers: Mapping[str, int]
    keys: Any
    places: list[str]
    shares: Any

    @property
    def count(self) -> int:
        return int(self.shares.shape[1])

    def of(self, table: ir.Table) -> ir.Table:
        """The same rows, with `state`, a key of `keys`."""
        numbers = ibis.memtable(
            pa.table(
                {
                    "touchpoint": pa.array(self.numbers, pa.string()),
                    "state": pa.array(self.keys[list(self.numbers.values())], pa.int64()),
                }
            )
        )
        joined = table.left_join(numbers, "touchpoint").drop("touchpoint_right")
        return joined.mutate(state=ibis.coalesce(joined.state, ibis.literal(int(self.keys[1]), "int64")))

    def numbers_of_keys(self, keys: Any) -> Any:
        """The state of each key, as an array."""
        order = np.argsort(self.keys)
        return order[np.searchsorted(self.keys, keys, sorter=order)]

    def numbers_of(self, touchpoints: Iterable[str]) -> Any:
        """The state of each, as an array."""
        return np.array([self.numbers.get(one, 1) for one in touchpoints], dtype=int)


def states_of(places: ir.Table, by: str) -> States:
    """The states at level `by`.

    Args:
        places: touchpoint, level, place.
    """
    rows = places.filter(places.level == by).select("touchpoint", "place").to_pyarrow().to_pylist()
    at: dict[str, list[str]] = {}
    for row in rows:
        at.setdefault(row["touchpoint"], []).append(row["place"])
    sets = [(NOWHERE,), (UNPLACED,), *sorted({tuple(sorted(these)) for these in at.values()})]
    number = {these: state for state, these in enumerate(sets)}
    names = sorted({place for these in sets for place in these})
    index = {name: row for row, name in enumerate(names)}
    entries = [(index[place], state, 1 / len(these)) for state, these in enumerate(sets) for place in these]
    row_of, column_of, share = (np.array(values) for values in zip(*entries, strict=True))
    numbers = {NOWHERE: 0} | {name: number[tuple(sorted(these))] for name, these in at.items()}
    shares = sparse.csr_array((share, (row_of, column_of)), shape=(len(names), len(sets)))
    keys = np.array([_key(these) for these in sets], dtype=np.int64)
    return States(by, numbers, keys, names, shares)


def _key(places: Iterable[str]) -> int:
    text = "\0".join(places).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)
