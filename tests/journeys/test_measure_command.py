"""`milepost journeys measure`: every measure by its name, from Parquet to what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from measured import ADA, BOB, CYD, TOUCHPOINTS, archive_of, event

from milepost import cli
from milepost.journeys.measures.attribution import MODELS
from sites import Site

DAY = 24 * 60
PLAN = """
[[objective]]
slug = "more"
title = "Two orders"
measure = "order"
target = 2
from = 2026-01-05
by = 2026-01-14
"""
NOTHING = '{"query": "Refund", "results": 0}'
EVENTS = [
    event(0, ADA, "blog/funnel"),
    event(2, ADA, "docs/start"),
    event(3, ADA, "docs/start", "order", tier="known", value=20.0, currency="EUR"),
    event(0, BOB, "blog/funnel"),
    event(90 * DAY, BOB, "docs/start"),
    event(90 * DAY + 1, BOB, "docs/start", "signup"),
    *(event(n, who, "site/about", "search", data=NOTHING) for n, who in enumerate((ADA, BOB, "v"))),
    event(5, CYD, "blog/maps"),
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("asked"))
    listed = json.dumps({"version": 1, "touchpoints": TOUCHPOINTS})
    made.write({"content/plan.toml": PLAN, "output/touchpoints.json": listed})
    archive_of(made.root / "var" / "archive", EVENTS)
    return made


@pytest.fixture
def measure(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., Any]:
    """Run it here; returns its rows, and fails on any other exit status than `status`."""

    def run(*arguments: str, status: int = 0) -> Any:
        monkeypatch.setenv("MILEPOST_VAR", str(site.root / "var"))
        monkeypatch.setattr(
            "sys.argv",
            ["milepost", "journeys", "measure", *arguments, "--format", "json", "-s", str(site.settings_file)],
        )
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert ended.value.code == status, said.err
        return said.err if status else json.loads(said.out)

    return run


def test_attribution_is_a_row_a_place_and_model(measure: Any) -> None:
    rows = measure("attribution", "--goal", "order", "--by", "surface")
    assert [(row["surface"], row["model"]) for row in rows] == [(s, m) for s in ("blog", "docs") for m in MODELS]
    linear = next(row for row in rows if row["surface"] == "docs" and row["model"] == "linear")
    assert (linear["conversions"], linear["value"], linear["currency"], linear["rank"]) == (0.5, 10.0, "EUR", 1)
    assert linear["low"] == 0.0
    assert 1.4 < linear["high"] < 1.6
    assert {
        row["surface"] for row in measure("attribution", "--goal", "order", "--by", "surface", "--tier", "known")
    } == {"(none)"}


def test_time_to_convert_says_how_long_how_often_and_how_long_silent(measure: Any) -> None:
    rows = {row["what"]: row["p50"] for row in measure("time-to-convert", "--goal", "signup")}
    minute = 1 / DAY
    assert rows == {
        "days": pytest.approx(90 + minute), "visits": 2.0, "touches": 2.0, "surfaces": 2.0, "silence_days": 90.0,
    }  # fmt: skip


def test_objectives_are_those_of_the_plan(measure: Any) -> None:
    (row,) = measure("objectives")
    assert (row["objective"], row["target"], row["actual"], row["state"]) == ("more", 2.0, 1, "missed")
    (row,) = measure("objectives", "--to", "2026-01-09")
    assert (row["actual"], row["elapsed"], row["needed_a_day"], row["projected"]) == (1, 0.5, 0.2, 2.0)
    assert row["low"] == 1.0 < row["projected"] < row["high"]


def test_obstacles_say_what_stopped_readers_and_what_to_do(measure: Any) -> None:
    (row,) = measure("obstacles")
    assert (row["obstacle"], row["what"], row["failed"], row["people"], row["downstream"]) == (
        "search",
        "refund",
        3,
        2,
        2,
    )
    assert row["remedy"] == 'Write the page that answers "refund", or use these words on the one that does.'


def test_onward_tells_nothing_of_few(measure: Any) -> None:
    assert measure("onward") == []


def test_only_keeps_what_happened_at_a_place_and_the_conversions_wherever_they_were(measure: Any) -> None:
    assert measure("reach", "--only", "surface=docs", "--by", "surface") == [
        {"surface": "docs", "views": 2, "visits": 2, "people": 2, "engaged_seconds": 0.0}
    ]
    rows = measure("attribution", "--goal", "order", "--only", "kind=article", "--only", "topic=sales")
    assert {row["touchpoint"]: row["conversions"] for row in rows if row["model"] == "markov"} == {"blog/funnel": 1.0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["attribution", "--by", "colour"], 'cannot count by "colour"; say touchpoint, surface, kind, topic'),
        (["attribution", "--tier", "visited"], "visited events are no journeys"),
        (["objectives", "--from", "2026-01-01"], "objectives have no --by and no --from"),
        (["reach", "--only", "surface"], "--only names a level and a place: --only surface=docs"),
        (["reach", "--only", "colour=red"], 'cannot keep only some "colour"; say touchpoint, surface'),
        (["obstacles", "--goal", "order"], "obstacles have no --by and no --goal"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_says_what_can(measure: Any, arguments: list[str], said: str) -> None:
    assert measure(*arguments, status=2).startswith(said)


def test_a_plan_with_a_fault_is_named(site: Site, measure: Any) -> None:
    plan = Path(site.root / "content/plan.toml")
    plan.write_text(PLAN.replace("target = 2", ""))
    try:
        assert 'objective "more" has no target' in measure("objectives", status=1)
    finally:
        plan.write_text(PLAN)
