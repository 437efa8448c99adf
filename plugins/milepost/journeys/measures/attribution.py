"""Attribution: seven ways to say which touchpoints a conversion owes itself to, side by side, with how sure each is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import numpy as np
from scipy import sparse

from milepost.journeys.measures.credit import TOUCHED, UNITS, counted
from milepost.journeys.measures.jackknife import GROUPS, Array, interval, left_out
from milepost.journeys.measures.markov import Chain
from milepost.journeys.measures.states import States, states_of
from milepost.journeys.measures.tiers import LINKED, Rows
from milepost.journeys.model import Linked

MODELS = ("first", "last", "linear", "position", "time-decay", "markov", "shapley")
_SHARED = (*TOUCHED, "shapley")


def attribution(paths: Rows[Linked], places: ir.Table, by: str = "touchpoint") -> list[dict[str, Any]]:
    """What each place of level `by` is credited with by each of MODELS; over all places, each model gives the same.

    Args:
        paths: one row a touch, of `paths.paths`, of consented and known readers only.
        places: touchpoint, level, place.
        by: a level of LEVELS. The places of a touchpoint with several share its credit.
    Returns:
        a list of one dict a place and model, most credited by `markov` first:
        the level's name: the place; NOWHERE holds conversions that no touch led to;
        model: of MODELS;
        conversions: credited, in conversions; value: likewise, in `currency`, the one that most conversions with
            a value have (others count as conversions only), None where none has a value;
        low, high: 95 % of `conversions`, see `jackknife`;
        rank: 1 for the most credited by this model, ties share theirs;
        disputed: whether another place is surely above this one by one model, and surely below it by another:
            their intervals do not meet.
    Definition, per conversion, over the n touches of its path: first; last; linear 1/n; position 1, then 1/2 1/2,
        then 0.4, 0.2/(n-2) each, 0.4; time-decay 2^(-age/7 days), normalised, age in whole seconds; markov: what is
        lost without the state (see `markov`), over converted and other paths, normalised to the conversions;
        shapley: of the game in which a coalition gets the conversions all of whose places lie in it, which is
        1/k for each of a path's k distinct states.
    Raises:
        TypeError: handed anything but rows of consented and known readers.
    Source: docs/journeys, "attribution"; Shapley, "A Value for n-Person Games" (1953).

    Example:
        One reader reads x, then y, and signs up; another reads x.

        >>> rows = attribution(walks("x y signup", "x"), PLACES)
        >>> for row in rows:
        ...     print(row["touchpoint"], row["model"], round(row["conversions"], 3))
        x first 1.0
        x last 0.0
        x linear 0.5
        x position 0.5
        x time-decay 0.5
        x markov 0.5
        x shapley 0.5
        y first 0.0
        y last 1.0
        y linear 0.5
        y position 0.5
        y time-decay 0.5
        y markov 0.5
        y shapley 0.5
    """
    if not isinstance(paths, Rows) or paths.tiers - set(LINKED):
        raise TypeError(f"attribution takes rows of {' and '.join(LINKED)} readers only; make them by rows_of_linked")
    states = states_of(places, by)
    found = counted(paths.table)
    shared, steps = found.sums(states), found.steps_between(states)
    credited = {
        unit: _credited(shared[unit], steps, unit, states)
        for unit in UNITS
        if found.currency is not None or unit == "conversions"
    }
    replicates = _replicates(shared["conversions"], steps, states)
    return _rows(by, states.places, credited, replicates, found.currency)


def _credited(sums: Array, steps: Mapping[str, Array], unit: str, states: States) -> Array:
    """(models, places) credit in one unit."""
    touched, untouched = _brought(sums)
    chain = _chain(steps, unit, states.count, slice(None))
    markov = _normalised(chain.losses(), touched.sum())
    markov[0] = untouched.sum()
    return _placed(_in_order(sums.sum(axis=0), markov), states)


def _replicates(sums: Array, steps: Mapping[str, Array], states: States) -> Array:
    """(64, models, places) the conversions credited when one group after another is left out."""
    touched, untouched = (left_out(part) for part in _brought(sums))
    whole = _chain(steps, "conversions", states.count, slice(None))
    edges = np.searchsorted(steps["group"], np.arange(GROUPS + 1)).tolist()
    chains = [_chain(steps, "conversions", states.count, slice(*both)) for both in itertools.pairwise(edges)]
    losses = whole.replicates(chains)
    markov = np.array([_normalised(lost, total) for lost, total in zip(losses, touched, strict=True)])
    markov[:, 0] = untouched
    pairs = zip(left_out(sums), markov, strict=True)
    return np.array([_placed(_in_order(shared, chained), states) for shared, chained in pairs])


def _brought(sums: Array) -> tuple[Array, Array]:
    """(64,) each: what each group's conversions with a touch brought, and those without one."""
    linear = sums[:, :, _SHARED.index("linear")]
    return linear[:, 1:].sum(axis=1), linear[:, 0]


def _in_order(shared: Array, markov: Array) -> Array:
    """(models, states) in the order of MODELS, from (states, _SHARED) and the chain's."""
    return np.stack([*shared.T[:-1], markov, shared.T[-1]])


def _chain(steps: Mapping[str, Array], unit: str, count: int, mine: slice) -> Chain:
    state, following = steps["state"][mine], steps["next"][mine]
    ends = following < 0

    def summed(weights: Array) -> Array:
        return np.asarray(np.bincount(state, weights, minlength=count), dtype=np.float64)

    times = steps["times"][mine]
    inner = (times[~ends], (state[~ends], following[~ends]))
    return Chain(
        starts=summed(steps["starts"][mine]),
        steps=sparse.csr_array(inner, shape=(count, count)),
        won=summed(steps[unit][mine]),
        ends=summed(np.where(ends, times, 0.0)),
    )


def _normalised(losses: Array, total: float) -> Array:
    # What rounding leaves of nothing is nothing.
    kept = np.maximum(losses, 0.0)
    return kept * (total / kept.sum()) if kept.sum() > 0 else np.zeros_like(kept)


def _placed(by_state: Array, states: States) -> Array:
    """(..., places) from (..., states)."""
    flat = by_state.reshape(-1, states.count)
    return np.asarray((states.shares @ flat.T).T).reshape(*by_state.shape[:-1], len(states.places))


def _rows(
    by: str, places: list[str], credited: Mapping[str, Array], replicates: Array, currency: str | None
) -> list[dict[str, Any]]:
    """Every place that any model credits or that was met, from (models, places) arrays."""
    conversions, value = credited["conversions"], credited.get("value")
    low, high = interval(conversions, replicates)
    shown = np.flatnonzero(conversions.sum(axis=0) > 0)
    rounded = np.round(conversions[:, shown], 9)
    ranks = 1 + (rounded[:, None, :] > rounded[:, :, None]).sum(axis=2)
    disputed = _disputed(low[:, shown], high[:, shown])
    markov = MODELS.index("markov")
    order = sorted(range(len(shown)), key=lambda n: (-rounded[markov, n], places[shown[n]]))
    return [
        {
            by: places[shown[n]],
            "model": model,
            "conversions": float(conversions[m, shown[n]]),
            "value": float(value[m, shown[n]]) if value is not None else None,
            "currency": currency or None,
            "low": float(low[m, shown[n]]),
            "high": float(high[m, shown[n]]),
            "rank": int(ranks[m, n]),
            "disputed": bool(disputed[n]),
        }
        for n in order
        for m, model in enumerate(MODELS)
    ]


def _disputed(low: Array, high: Array) -> Any:
    """(places,) whether some other place is surely above by one model and surely below by another."""
    above = np.zeros((low.shape[1], low.shape[1]), dtype=bool)
    for lows, highs in zip(low, high, strict=True):
        above |= lows[:, None] > highs[None, :]
    return (above & above.T).any(axis=1)
