"""Measures against the same definitions in plain Python, on journeys that hypothesis makes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

import ibis
import pyarrow as pa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from measured import rows_of

from milepost.journeys.measures.paths import came_next, chains, paths, steps
from milepost.journeys.measures.tiers import readers
from milepost.journeys.measures.visits import visits

MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 5)
LOOKBACK_DAYS = 2
SCHEMA = pa.schema(
    [
        ("id", pa.binary()), ("at", pa.timestamp("us")), ("type", pa.string()), ("touchpoint", pa.string()),
        ("tier", pa.string()), ("visit", pa.string()), ("person", pa.string()), ("goal", pa.string()),
        ("value", pa.float64()), ("currency", pa.string()),
    ]
)  # fmt: skip
NOWHERE_ELSE = ibis.memtable(pa.table({"touchpoint": list("abc"), "level": ["touchpoint"] * 3, "place": list("abc")}))

# Explaining a failure takes minutes where each run is a handful of queries.
small_runs = settings(max_examples=15, deadline=None, phases=(Phase.reuse, Phase.generate, Phase.shrink))

one_event = st.fixed_dictionaries(
    {
        # Equal times, gaps of exactly 30 minutes, of a little more, and of days.
        "gap": st.sampled_from([0, 1, 29, 30, 30 + 1 / 60, 31, 1440, 1441]),
        "type": st.sampled_from(["view", "view", "view", "view", "engage", "signup", "convert", "call"]),
        "touchpoint": st.sampled_from(["a", "b", "c"]),
        "who": st.sampled_from(["ada", "ada", "bob", "visitor", None]),
    }
)
some_events = st.lists(one_event, max_size=40)


def rows_from(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows, at = [], START
    for number, one in enumerate(drawn):
        at += one["gap"] * MINUTE
        person = one["who"] if one["who"] in ("ada", "bob") else None
        visit = "f00d" if one["who"] == "visitor" else None
        rows.append(
            {
                "id": number.to_bytes(16), "at": at, "type": one["type"], "touchpoint": one["touchpoint"],
                "tier": "consented" if person else "visited" if visit else "counted",
                "visit": visit, "person": person, "goal": "demo" if one["type"] == "convert" else None,
            }
        )  # fmt: skip
    return rows


def table_of(rows: list[dict[str, Any]]) -> Any:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=SCHEMA))


def journeys_of(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Each reader's rows, with their visit's number."""
    by_reader: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        reader = row["person"] or (f"visit:{row['visit']}" if row["visit"] else None)
        if reader:
            mine = by_reader.setdefault(reader, [])
            number = mine[-1]["number"] + (row["at"] - mine[-1]["at"] > 30 * MINUTE) if mine else 0
            mine.append({**row, "number": number})
    return by_reader


def steps_of(journey: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Touches and conversions: each is (number of the visit, what), views of one run once."""
    met = [row for row in journey if row["type"] != "engage"]
    kept = []
    for number, row in enumerate(met):
        before = met[number - 1] if number else None
        same = before and (before["type"], before["touchpoint"], before["number"]) == (
            row["type"], row["touchpoint"], row["number"]
        )  # fmt: skip
        if row["type"] == "view" and same:
            continue
        goal = {"signup": "signup", "convert": "demo"}.get(row["type"])
        kept.append({**row, "goal": goal, "label": f"({goal})" if goal else row["touchpoint"]})
    return kept


def paths_of(journey: list[dict[str, Any]]) -> list[tuple[bool, tuple[str, ...]]]:
    """(converted, touchpoints) of each path to a signup."""
    found, touches = [], []
    for step in steps_of(journey):
        if step["goal"] == "signup":
            near = [one for one in touches if one["at"] >= step["at"] - timedelta(days=LOOKBACK_DAYS)]
            found.append((True, tuple(one["touchpoint"] for one in near) or ("(none)",)))
            touches = []
        elif not step["goal"]:
            touches.append(step)
    if touches:
        near = [one for one in touches if one["at"] >= touches[-1]["at"] - timedelta(days=LOOKBACK_DAYS)]
        found.append((False, tuple(one["touchpoint"] for one in near)))
    return found


@small_runs
@given(some_events)
def test_visits_and_steps_are_those_of_plain_python(drawn: list[dict[str, Any]]) -> None:
    rows = rows_from(drawn)
    keyed = readers(table_of(rows))
    journeys = journeys_of(rows)
    numbered = visits(keyed).order_by("id").select("id", "reader", "visit")
    expected = [(row["id"], reader, row["number"]) for reader, journey in journeys.items() for row in journey]
    assert rows_of(numbered) == sorted(expected)
    taken = steps(keyed).order_by("id").select("id", "reader", "visit", "touchpoint", "goal")
    assert rows_of(taken) == sorted(
        (step["id"], reader, step["number"], step["touchpoint"], step["goal"])
        for reader, journey in journeys.items()
        for step in steps_of(journey)
    )


@small_runs
@given(some_events)
def test_what_came_next_is_that_of_plain_python_and_reconciles(drawn: list[dict[str, Any]]) -> None:
    rows = rows_from(drawn)
    table = came_next(steps(readers(table_of(rows))), NOWHERE_ELSE, "touchpoint", "visit")
    times: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], set[str]] = {}
    count = 0
    for journey in journeys_of(rows).values():
        for _, visit in groupby(steps_of(journey), key=lambda step: step["number"]):
            taken = list(visit)
            count += len(taken)
            for step, after in pairwise([*taken, {"label": "(left)"}]):
                pair = (step["label"], after["label"])
                times[pair] += 1
                people.setdefault(pair, set()).update({step["person"]} - {None})
    found = table.to_pyarrow().to_pylist()
    assert {(row["touchpoint"], row["next"]): row["times"] for row in found} == times
    assert {(row["touchpoint"], row["next"]): row["people"] for row in found} == {
        pair: len(them) for pair, them in people.items()
    }
    assert sum(row["times"] for row in found) == count
    for touchpoint in {row["touchpoint"] for row in found}:
        assert abs(sum(row["share"] for row in found if row["touchpoint"] == touchpoint) - 1) < 1e-12


@small_runs
@given(some_events)
def test_paths_and_chains_are_those_of_plain_python(drawn: list[dict[str, Any]]) -> None:
    rows = [row for row in rows_from(drawn) if row["person"]]
    table = paths(steps(readers(table_of(rows))), "signup", LOOKBACK_DAYS).order_by("reader", "path", "step").cache()
    found: dict[tuple[str, int], tuple[bool, list[str]]] = {}
    for row in table.to_pyarrow().to_pylist():
        _, way = found.setdefault((row["reader"], row["path"]), (row["converted"], []))
        way.append(row["touchpoint"])
        assert row["step"] == len(way)
    expected = [(reader, *path) for reader, journey in journeys_of(rows).items() for path in paths_of(journey)]
    assert sorted((reader, done, tuple(way)) for (reader, _), (done, way) in found.items()) == sorted(expected)

    ways = Counter(
        (*(None,) * (3 - len(way)), *way) if len(way) <= 3 else ("(earlier)", *way[-2:])
        for _, done, way in expected
        if done
    )
    assert {row[:3]: row[3] for row in rows_of(chains(table, 3))} == ways
