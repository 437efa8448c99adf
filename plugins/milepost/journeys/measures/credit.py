"""Credit: what attribution counts of the paths, once for all levels; the engine counts, and the algebra comes after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from milepost.journeys.measures.engines import coded, kept
from milepost.journeys.measures.jackknife import GROUPS, Array, group_of, number_of
from milepost.journeys.measures.places import NOWHERE
from milepost.journeys.measures.states import States
from milepost.journeys.measures.tally import tally_of

HALF_LIFE_DAYS = 7
TOUCHED = ("first", "last", "linear", "position", "decay")
"""The models that credit each touch by its place and age in the path, whatever the level."""
UNITS = ("conversions", "value")


@dataclass(frozen=True)
class Counted:
    """What the models are computed from.

    names: the touchpoints, by their number here.
    currency: of the values that count, see `attribution`; "" where they have none, None where there is no value.
    shared: by unit, (64, touchpoints, TOUCHED) credit that each group of persons adds.
    steps: a row for each group, touchpoint (`at`) and next one (-1 at the end of a path): how many times, how many
        began a path, and how many conversions, and what value, came right after.
    met: a row for each touchpoint of each path that converted: reader, path, group, touchpoint, worth (its value).
    """

    names: list[str]
    currency: str | None
    shared: Mapping[str, Array]
    steps: Mapping[str, Array]
    met: ir.Table

    def sums(self, states: States) -> Mapping[str, Array]:
        """By unit, (64, states, TOUCHED and shapley) credit that each group adds at a level."""
        numbers, shapley = states.numbers_of(self.names), self._shapley(states)
        found = {}
        for unit in UNITS:
            credit = np.zeros((states.count, GROUPS, len(TOUCHED)))
            np.add.at(credit, numbers, self.shared[unit].swapaxes(0, 1))
            found[unit] = np.concatenate([credit.swapaxes(0, 1), shapley[unit][:, :, None]], axis=2)
        return found

    def steps_between(self, states: States) -> Mapping[str, Array]:
        """`steps` from `state` to state of a level, a row each, by group; next is -1 at the end of a path."""
        # The last number is that of no touchpoint.
        numbers, wide = np.append(states.numbers_of(self.names), -1), states.count + 1
        key = (self.steps["group"] * wide + numbers[self.steps["at"]]) * wide + numbers[self.steps["next"]] + 1
        keys, sums = _summed(key, [self.steps[name] for name in _STEPS], GROUPS * wide * wide)
        at, following = np.divmod(keys, wide)
        places = {"group": at // wide, "state": at % wide, "next": following - 1}
        return {**places, **dict(zip(_STEPS, sums, strict=True))}

    def _shapley(self, states: States) -> Mapping[str, Array]:
        at = states.of(self.met).group_by("reader", "path", "group", "state").aggregate(worth=lambda t: t.worth.max())
        share = 1.0 / at.count().over(ibis.window(group_by=["reader", "path"])).cast("float64")
        at = at.mutate(share=share)
        name = f"shapley by {states.level} in {self.currency}"
        table = tally_of(name, at, "group", "state", conversions=at.share, value=at.share * at.worth)
        where = _groups(table["group"]), states.numbers_of_keys(table["state"].to_numpy())
        found = {unit: np.zeros((GROUPS, states.count)) for unit in UNITS}
        for unit in UNITS:
            np.add.at(found[unit], where, table[unit].to_numpy())
        return found


_STEPS = ("times", "starts", "conversions", "value")
_DENSE = 4_000_000


def _summed(key: Any, weights: list[Array], size: int) -> tuple[Any, list[Array]]:
    """The different keys, all below `size`, in order, and for each the sums of the weights."""
    if size <= _DENSE:
        there = np.flatnonzero(np.bincount(key, minlength=size))
        return there, [np.asarray(np.bincount(key, one, minlength=size), dtype=np.float64)[there] for one in weights]
    order = np.argsort(key)
    in_order = key[order]
    first = np.flatnonzero(np.diff(in_order, prepend=-1))
    return in_order[first], [np.add.reduceat(weight[order], first) for weight in weights]


_COUNTED: WeakKeyDictionary[Any, Counted] = WeakKeyDictionary()


def counted(paths: ir.Table) -> Counted:
    """Count paths, once for all who ask while they hold them.

    Args:
        paths: one row a touch, see `paths.paths`.

    Example:
        One reader reads x, then y, and signs up; another reads x.

        >>> found = counted(walks("x y signup", "x").table)
        >>> sorted(found.names), int(found.steps["times"].sum()), int(found.steps["starts"].sum())
        (['x', 'y'], 3, 2)
    """
    if paths.op() not in _COUNTED:
        walked = kept(coded(_prepared(paths), ("touchpoint", "group"), {}))
        currency = _currency(paths)
        credit, steps = _credit(walked, currency), _steps(walked, currency)
        names = pa.chunked_array(pc.unique(table["touchpoint"]).cast(pa.string()) for table in (credit, steps))
        names = pc.unique(names)
        _COUNTED[paths.op()] = Counted(
            names.to_pylist(), currency, _by_touchpoint(credit, names), _numbered(steps, names), _met(walked, currency)
        )
    return _COUNTED[paths.op()]


def _prepared(paths: ir.Table) -> ir.Table:
    """Only what the models read: one row a touch, with its group and its weight by age."""
    path = ibis.window(group_by=["reader", "path"])
    youngest = paths.at.max().over(path).epoch_seconds() - paths.at.epoch_seconds()
    return paths.select(
        "reader", "path", "converted", "value", "currency", "step", "back", "touchpoint",
        group=group_of(paths.reader),
        # Older than the newest touch, not than the conversion: the shares are the same, and nothing underflows.
        weight=ibis.literal(2.0) ** (youngest.cast("float64") / (-86_400.0 * HALF_LIFE_DAYS)),
    )  # fmt: skip


def _currency(paths: ir.Table) -> str | None:
    """What most conversions with a value are in; the first by name of equals; "" where values have no currency."""
    valued = paths.filter(paths.converted, paths.back == 1, paths.value.notnull())
    valued = valued.mutate(currency=ibis.coalesce(valued.currency, ""))
    counts = tally_of("currencies", valued, "currency", times=1)
    rows = counts.to_pylist()
    return min(rows, key=lambda row: (-row["times"], row["currency"]))["currency"] if rows else None


def _value(walked: ir.Table, currency: str | None) -> ir.FloatingValue:
    counts = walked.value.notnull() & (ibis.coalesce(walked.currency, "") == (currency or ""))
    return counts.ifelse(walked.value, 0.0)


def _credit(walked: ir.Table, currency: str | None) -> pa.Table:
    """A row for each group and touchpoint: `{model}_{unit}` of TOUCHED."""
    won = walked.filter(walked.converted)
    path = ibis.window(group_by=["reader", "path"])
    won = won.mutate(worth=_value(won, currency), n=won.step + won.back - 1, weights=won.weight.sum().over(path))
    length = won.n.cast("float64")
    edge = (won.step == 1) | (won.back == 1)
    credit = won.select(
        "reader", "group", "touchpoint", "worth",
        first=(won.step == 1).cast("float64"),
        last=(won.back == 1).cast("float64"),
        linear=1.0 / length,
        position=ibis.cases((won.n == 1, 1.0), (won.n == 2, 0.5), (edge, 0.4), else_=0.2 / (length - 2.0)),
        decay=won.weight / won.weights,
    )  # fmt: skip
    return tally_of(
        f"credit in {currency}", credit, "group", "touchpoint",
        **{f"{model}_conversions": credit[model] for model in TOUCHED},
        **{f"{model}_value": credit[model] * credit.worth for model in TOUCHED},
    )  # fmt: skip


def _steps(walked: ir.Table, currency: str | None) -> pa.Table:
    """A row for each group, touchpoint and next touchpoint (null at the end of a path)."""
    touched = walked.filter(walked.touchpoint != NOWHERE)
    onward = touched.mutate(
        next=touched.touchpoint.lead().over(ibis.window(group_by=["reader", "path"], order_by="step")),
        worth=_value(touched, currency),
        ending=(touched.converted & (touched.back == 1)),
    )
    return tally_of(
        f"steps in {currency}", onward, "group", "touchpoint", "next",
        times=1,
        starts=(onward.step == 1).cast("int64"),
        conversions=onward.ending.cast("int64"),
        value=onward.ending.ifelse(onward.worth, 0.0),
    )  # fmt: skip


def _met(walked: ir.Table, currency: str | None) -> ir.Table:
    won = walked.filter(walked.converted)
    won = won.mutate(worth=_value(won, currency))
    return kept(won.group_by("reader", "path", "group", "touchpoint").aggregate(worth=won.worth.max()))


def _by_touchpoint(table: pa.Table, names: pa.Array) -> Mapping[str, Array]:
    where = _groups(table["group"]), _numbers(table["touchpoint"], names)
    found = {}
    for unit in UNITS:
        found[unit] = np.zeros((GROUPS, len(names), len(TOUCHED)))
        columns = np.array([table[f"{model}_{unit}"].to_numpy() for model in TOUCHED]).T
        np.add.at(found[unit], where, columns.reshape(-1, len(TOUCHED)))
    return found


def _numbered(table: pa.Table, names: pa.Array) -> Mapping[str, Array]:
    counts = {name: table[name].to_numpy().astype(float) for name in _STEPS}
    places = {"at": _numbers(table["touchpoint"], names), "next": _numbers(table["next"], names)}
    return {**counts, **places, "group": _groups(table["group"])}


def _numbers(texts: pa.ChunkedArray, names: pa.Array) -> Any:
    """The place of each text among the names; -1 for null."""
    coded = pc.dictionary_encode(texts.unify_dictionaries()).combine_chunks()
    # The last number is that of null.
    numbers = pc.fill_null(pc.index_in(coded.dictionary.cast(pa.string()), value_set=names), -1).to_numpy().astype(int)
    return np.append(numbers, -1)[coded.indices.fill_null(-1).to_numpy()]


def _groups(texts: pa.ChunkedArray) -> Any:
    different = pc.unique(texts.cast(pa.string()))
    numbers = np.array([number_of(one) for one in different.to_pylist()], dtype=int)
    return numbers[_numbers(texts, different)]
