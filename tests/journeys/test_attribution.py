"""Attribution: against the published figures, against plain Python to 1e-9, and what must hold whatever is given."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from math import factorial
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import t as student
from worked import PLACES, events, walks

from milepost.journeys.measures import markov
from milepost.journeys.measures.attribution import MODELS, attribution
from milepost.journeys.measures.jackknife import ALPHABET, number_of
from milepost.journeys.measures.markov import Chain
from milepost.journeys.measures.paths import paths, steps
from milepost.journeys.measures.tiers import LINKED, Rows, rows_of_linked, rows_of_readers

GOLDEN = json.loads((Path(__file__).parent / "golden" / "channel_attribution.json").read_text())
SCHEMA = pa.schema(
    [
        ("reader", pa.string()), ("path", pa.int64()), ("ended", pa.timestamp("us")), ("converted", pa.bool_()),
        ("value", pa.float64()), ("currency", pa.string()), ("step", pa.int64()), ("back", pa.int64()),
        ("at", pa.timestamp("us")), ("touchpoint", pa.string()),
    ]
)  # fmt: skip
ENDED = datetime(2026, 6, 1)


def chain_of(golden: dict[str, Any]) -> Chain:
    starts, won, ends = (np.array(golden[name], dtype=float) for name in ("starts", "won", "ends"))
    return Chain(starts, sparse.csr_array(np.array(golden["steps"], dtype=float)), won, ends)


def credits_of(rows: list[dict[str, Any]], by: str = "touchpoint", what: str = "conversions") -> dict[Any, float]:
    return {(row[by], row["model"]): row[what] for row in rows}


def test_markov_gives_the_published_figures_of_the_public_example() -> None:
    chain = chain_of(GOLDEN)
    assert chain.rate() == pytest.approx(19785 / 88387, abs=1e-12)
    losses = chain.losses()
    credit = dict(zip(GOLDEN["states"], np.round(losses / losses.sum() * 19785, 3), strict=True))
    published = {
        "alpha": 5344.948, "iota": 3884.615, "eta": 3340.847, "beta": 2527.352, "theta": 1971.913, "lambda": 1282.847,
    }  # fmt: skip
    assert {name: credit[name] for name in published} == published
    assert losses.sum() > chain.rate()


def test_a_self_transition_changes_nothing() -> None:
    chain, again = chain_of(GOLDEN), chain_of(GOLDEN)
    again = Chain(again.starts, again.steps + sparse.diags_array(np.arange(12.0) * 9999), again.won, again.ends)
    assert again.rate() == pytest.approx(chain.rate(), abs=1e-12)
    assert again.losses() == pytest.approx(chain.losses(), abs=1e-12)


def test_replicates_of_a_chain_too_large_to_solve_anew_are_near_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    made = np.random.default_rng(7)
    parts = [_some_chain(made, 60) for _ in range(64)]
    whole = Chain(*(sum(getattr(part, name) for part in parts[1:]) + getattr(parts[0], name) for name in FIELDS))
    exact = whole.replicates(parts)
    monkeypatch.setattr(markov, "EXACT_STATES", 10)
    refined = whole.replicates(parts)
    assert refined == pytest.approx(exact, rel=2e-3)
    spread = np.sqrt(((exact - whole.losses()) ** 2).sum(axis=0))
    assert np.sqrt(((refined - whole.losses()) ** 2).sum(axis=0)) == pytest.approx(spread, rel=0.05)


FIELDS = ("starts", "steps", "won", "ends")


def _some_chain(made: np.random.Generator, count: int) -> Chain:
    inner = sparse.csr_array(made.poisson(0.6, (count, count)).astype(float))
    ends = made.poisson(6, count) + 1.0
    return Chain(made.poisson(3, count) + 1.0, inner, made.binomial(ends.astype(int), 0.3).astype(float), ends)


@pytest.mark.parametrize("count", [900, pytest.param(5000, marks=pytest.mark.long)])
def test_a_chain_of_thousands_of_touchpoints_is_solved_as_if_each_were_removed(count: int) -> None:
    made = np.random.default_rng(5)
    state, following = made.integers(0, count, (2, 30 * count))
    inner = sparse.csr_array((np.ones(30 * count), (state, following)), shape=(count, count))
    ends = made.poisson(6, count) + 1.0
    chain = Chain(made.poisson(3, count) + 1.0, inner, made.binomial(ends.astype(int), 0.3).astype(float), ends)
    losses = chain.losses()
    # Removing one state for good, by the definition.
    gone = 17
    kept = np.delete(np.arange(count), gone)
    totals = np.asarray(inner.sum(axis=1)).ravel() + ends
    rest = np.eye(count - 1) - (inner.toarray() / totals[:, None])[np.ix_(kept, kept)]
    start = chain.starts / chain.starts.sum()
    without = start[kept] @ np.linalg.solve(rest, (chain.won / totals)[kept])
    assert losses[gone] == pytest.approx(chain.rate() - without, abs=1e-12)
    part = Chain(chain.starts / 64, inner / 64, chain.won / 64, ends / 64)
    # Without a part that is like the whole, nothing changes.
    assert chain.replicates([part] * 64)[-1] == pytest.approx(losses, rel=1e-9)


# Attribution against the same definitions in plain Python.

one_touch = st.tuples(st.sampled_from("xyzw"), st.sampled_from([0, 1, 59, 3600, 604_800, 20_000_000]))
one_path = st.fixed_dictionaries(
    {
        "touches": st.lists(one_touch, max_size=6),
        "value": st.sampled_from([None, 0.0, 9.5, 100.0]),
        "converted": st.booleans(),
        "who": st.sampled_from([ALPHABET[0], ALPHABET[1], ALPHABET[63], "ä"]),
    }
)
few_runs = settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)


def walked_of(drawn: list[dict[str, Any]]) -> tuple[Rows[Any], list[dict[str, Any]]]:
    """The table of paths, and the same as plain dicts: who, states (latest last), ages, converted, value."""
    rows, plain = [], []
    for number, one in enumerate(drawn):
        touches = sorted(one["touches"], key=lambda touch: -touch[1])
        if not touches and not one["converted"]:
            continue
        value = one["value"] if one["converted"] else None
        plain.append({**one, "states": [t for t, _ in touches], "ages": [a for _, a in touches], "value": value})
        for step, (touchpoint, age) in enumerate(touches or [("(none)", 0)], 1):
            back = max(len(touches), 1) - step + 1
            rows.append(
                {
                    "reader": f"{one['who']}{number}", "path": number, "ended": ENDED, "converted": one["converted"],
                    "value": value, "currency": "EUR" if value is not None else None, "step": step, "back": back,
                    "at": ENDED - timedelta(seconds=age), "touchpoint": touchpoint,
                }
            )  # fmt: skip
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=SCHEMA))
    return Rows(table, frozenset(LINKED)), plain


def in_plain_python(plain: list[dict[str, Any]], unit: str) -> dict[tuple[str, str], float]:
    """(touchpoint, model) to credit, by the letter of the definitions."""
    credit: dict[tuple[str, str], float] = defaultdict(float)
    for path in plain:
        if not path["converted"]:
            continue
        worth = 1.0 if unit == "conversions" else (path["value"] or 0.0)
        states, n = path["states"], len(path["states"])
        if not n:
            for model in MODELS:
                credit["(none)", model] += worth
            continue
        credit[states[0], "first"] += worth
        credit[states[-1], "last"] += worth
        shares = {1: [1.0], 2: [0.5, 0.5]}.get(n) or [0.4, *[0.2 / (n - 2)] * (n - 2), 0.4]
        decayed = [2.0 ** (-(age - min(path["ages"])) / 604_800) for age in path["ages"]]
        for state, share, weight in zip(states, shares, decayed, strict=True):
            credit[state, "linear"] += worth / n
            credit[state, "position"] += worth * share
            credit[state, "time-decay"] += worth * weight / sum(decayed)
    touched = [path for path in plain if path["states"]]
    for state, share in (*_shapley(touched, unit), *_by_removal(touched, unit)):
        credit[state] += share
    return credit


def _shapley(touched: list[dict[str, Any]], unit: str) -> list[tuple[tuple[str, str], float]]:
    """By the formula over all coalitions, where a coalition gets the conversions that lie in it."""
    players = sorted({state for path in touched for state in path["states"]})
    n = len(players)

    def worth(coalition: tuple[str, ...]) -> float:
        return sum(
            1.0 if unit == "conversions" else (path["value"] or 0.0)
            for path in touched
            if path["converted"] and set(path["states"]) <= set(coalition)
        )

    return [
        (
            (player, "shapley"),
            sum(
                factorial(size) * factorial(n - size - 1) / factorial(n) * (worth((*rest, player)) - worth(rest))
                for size in range(n)
                for rest in combinations([other for other in players if other != player], size)
            ),
        )
        for player in players
    ]


def _by_removal(touched: list[dict[str, Any]], unit: str) -> list[tuple[tuple[str, str], float]]:
    """Markov by solving the chain again without each state."""
    moves: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    gains: dict[str, float] = defaultdict(float)
    for path in touched:
        for state, following in pairwise(["start", *path["states"], "end"]):
            moves[state][following] += 1
        if path["converted"]:
            gains[path["states"][-1]] += 1.0 if unit == "conversions" else (path["value"] or 0.0)
    players = sorted({state for path in touched for state in path["states"]})

    def rate(gone: str | None) -> float:
        kept = ["start", *(player for player in players if player != gone)]
        system, gain = np.eye(len(kept)), np.zeros(len(kept))
        for row, state in enumerate(kept):
            out = sum(moves[state].values())
            if out:
                gain[row] = gains[state] / out
                for column, following in enumerate(kept):
                    system[row, column] -= moves[state][following] / out
        return float(np.linalg.solve(system, gain)[0])

    losses = {player: rate(None) - rate(player) for player in players}
    brought = sum(gains.values())
    total = sum(losses.values())
    return [((player, "markov"), brought * loss / total if total > 1e-12 else 0.0) for player, loss in losses.items()]


@few_runs
@given(st.lists(one_path, min_size=1, max_size=7))
def test_every_model_is_that_of_plain_python_and_adds_up(drawn: list[dict[str, Any]]) -> None:
    walked, plain = walked_of(drawn)
    rows = attribution(walked, PLACES_ALL)
    for unit in ("conversions", "value"):
        expected = in_plain_python(plain, unit)
        found = {key: value or 0.0 for key, value in credits_of(rows, what=unit).items()}
        for key in {*expected, *found}:
            assert found.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=1e-9), (unit, key)
        total = sum((1.0 if unit == "conversions" else path["value"] or 0.0) for path in plain if path["converted"])
        for model in MODELS:
            assert sum(value for (_, name), value in found.items() if name == model) == pytest.approx(total, abs=1e-9)


@few_runs
@given(st.lists(one_path, min_size=1, max_size=7))
def test_intervals_are_those_of_leaving_out_one_group_after_another(drawn: list[dict[str, Any]]) -> None:
    walked, plain = walked_of(drawn)
    rows = attribution(walked, PLACES_ALL)
    whole = in_plain_python(plain, "conversions")
    squares: dict[Any, float] = defaultdict(float)
    for group in range(64):
        rest = [path for path in plain if number_of(path["who"]) != group]
        without = in_plain_python(rest, "conversions") if len(rest) < len(plain) else whole
        for key in {*whole, *without}:
            squares[key] += (without.get(key, 0.0) * 64 / 63 - whole.get(key, 0.0)) ** 2
    for row in rows:
        key = row["touchpoint"], row["model"]
        spread = student.ppf(0.975, 63) * (63 / 64 * squares[key]) ** 0.5
        assert row["high"] == pytest.approx(whole.get(key, 0.0) + spread, abs=1e-8)
        assert row["low"] == pytest.approx(max(whole.get(key, 0.0) - spread, 0.0), abs=1e-8)


PLACES_ALL = ibis.memtable([{"touchpoint": t, "level": "touchpoint", "place": t} for t in "xyzw"])


def test_a_page_with_two_topics_shares_its_credit_and_a_level_adds_up_to_the_same() -> None:
    given = walks("x y signup", "z signup", "w signup", "x")
    topics = [("x", "a"), ("x", "b"), ("y", "b"), ("z", "c")]
    places = ibis.memtable([{"touchpoint": t, "level": "topic", "place": p} for t, p in topics])
    rows = attribution(given, places, "topic")
    linear = {row["topic"]: row["conversions"] for row in rows if row["model"] == "linear"}
    assert linear == pytest.approx({"a": 0.25, "b": 0.75, "c": 1.0, "(not placed)": 1.0})
    for model in MODELS:
        assert sum(row["conversions"] for row in rows if row["model"] == model) == pytest.approx(3.0)


def test_a_conversion_that_no_touch_led_to_is_credited_to_none_and_shown() -> None:
    rows = credits_of(attribution(walks("signup", "x signup"), PLACES))
    assert rows == {(place, model): 1.0 for place in ("(none)", "x") for model in MODELS}


def test_value_is_in_the_currency_of_most_conversions_and_says_so() -> None:
    given = walks("x order:10:EUR y order:30:EUR", "y order:7:USD", goal="order")
    rows = attribution(given, PLACES)
    assert {row["currency"] for row in rows} == {"EUR"}
    assert {row["touchpoint"]: row["value"] for row in rows if row["model"] == "last"} == {"x": 10.0, "y": 30.0}
    assert {row["touchpoint"]: row["conversions"] for row in rows if row["model"] == "last"} == {"x": 1.0, "y": 2.0}
    assert {row["value"] for row in attribution(walks("x signup"), PLACES)} == {None}


def test_models_that_surely_disagree_are_marked() -> None:
    # x always comes first, y last: beyond chance, in 260 journeys; nobody disputes what is alone.
    rows = attribution(walks(*["x z y signup"] * 260, *["z"] * 26), PLACES)
    assert {row["touchpoint"]: row["disputed"] for row in rows} == {"x": True, "y": True, "z": False}
    assert {row["touchpoint"]: row["rank"] for row in rows if row["model"] == "first"} == {"x": 1, "y": 2, "z": 2}
    assert not any(row["disputed"] for row in attribution(walks("x y signup", "y x signup"), PLACES))


def test_nothing_to_credit_is_no_row() -> None:
    assert attribution(walks("x", "y"), PLACES) == []
    assert attribution(walks(), PLACES) == []


def test_attribution_is_refused_what_is_not_of_consented_and_known_readers() -> None:
    given = rows_of_readers(events("x signup")).then(steps).then(lambda table: paths(table, "signup", 400))
    for wrong in (given, given.table):
        with pytest.raises(TypeError, match="attribution takes rows of consented and known readers only"):
            attribution(wrong, PLACES)  # type: ignore[arg-type]
    assert attribution(rows_of_linked(events("x signup")).then(steps).then(lambda t: paths(t, "signup", 9)), PLACES)


@pytest.mark.long
def test_attribution_of_other_readers_does_not_type_check(tmp_path: Path) -> None:
    from mypy import api

    lines = [
        "from milepost.journeys.measures.attribution import attribution",
        "from milepost.journeys.measures.tiers import rows_of_linked, rows_of_readers",
        "def good(events: object) -> None: attribution(rows_of_linked(events), events)",
        "def bad(events: object) -> None: attribution(rows_of_readers(events), events)",
    ]
    (tmp_path / "asked.py").write_text("\n".join(lines) + "\n")
    said, _, status = api.run([str(tmp_path / "asked.py"), "--no-incremental"])
    assert status == 1
    assert "asked.py:4: error: Argument 1" in said
    assert said.count("asked.py") == said.count("asked.py:4")
