"""The demo year: the measures find what was planted in it, within their intervals; and it stays apart, and says so."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from measured import archive_of, event
from test_report import pages_with, settings_in
from typer.testing import CliRunner

from milepost.cli import cli
from milepost.errors import MilepostError
from milepost.journeys import parquet, synthetic
from milepost.journeys.columns import archive_schema
from milepost.journeys.demo.chain import LETTER
from milepost.journeys.demo.state import PEOPLE, make, settings_of_demo
from milepost.journeys.measures.attribution import attribution
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.events import Opened
from milepost.journeys.measures.obstacles.ranked import DETECTORS, obstacles
from milepost.journeys.measures.paths import paths, steps
from milepost.journeys.measures.silences import silences
from milepost.journeys.measures.tiers import linked, rows_of_linked, tiers
from milepost.journeys.questions import open_archive
from milepost.settings import Settings

NOW = datetime(2026, 3, 9, 10, 5, tzinfo=UTC)
PAGES: list[dict[str, Any]] = [
    {"id": one, "title": one, "surface": one.split("/")[0], "kind": kind, "topics": [], "url": f"http://x.example/{one}/"}
    for kind, ids in {
        "article": [f"blog/{name}" for name in ("maps", "silence", "plans", "consent", "names", "support")],
        "doc": [f"docs/{name}-{part}" for name in ("start", "build", "link", "send", "serve") for part in "abcd"],
        "page": ["site/about", "site/privacy"], "listing": ["blog/index"],
        "search": ["site/search"], "error": ["site/404"],
    }.items()
    for one in ids
]  # fmt: skip


@dataclass(frozen=True)
class Year:
    """A demo of the pages above, opened, and its truth."""

    settings: Settings
    site: Path
    found: Opened
    truth: dict[str, Any]

    def linked_conversions(self) -> dict[str, int]:
        return {row["goal"]: row["linked"] for row in conversions(self.found.events).to_pyarrow().to_pylist()}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return year_in(tmp_path_factory.mktemp("demo"), seed=1, people=8_000)


def year_in(root: Path, seed: int, people: int) -> Year:
    root.mkdir(exist_ok=True)
    settings = settings_in(root / "site")
    site = pages_with(PAGES, settings)
    made = make(settings, site, NOW, seed, people)
    return Year(made.settings, site, open_archive(made.settings, site), made.truth)


def test_every_obstacle_that_was_planted_is_found_and_nothing_else(year: Year) -> None:
    found = {
        (row["obstacle"], row["touchpoint"], row["what"]) for row in obstacles(year.found.events, year.found.places)
    }
    planted = {(one["obstacle"], one["touchpoint"], one["what"]) for one in year.truth["obstacles"]}
    assert {kind for kind, _, _ in planted} == set(DETECTORS)
    assert found == planted, "precision and recall are both 1"


def test_the_pages_that_cause_signups_are_credited_within_the_intervals(year: Year) -> None:
    within = credits_within(year)
    assert len(within) >= 12
    assert sum(within) / len(within) >= 0.85, "95 % intervals of a few places"


def credits_within(year: Year) -> list[bool]:
    """Whether the truth is within the interval, by model and place; what is surely more is so."""
    walked = rows_of_linked(year.found.events).then(steps).then(lambda trodden: paths(trodden, "signup", 400))
    rows = attribution(walked, year.found.places)
    signups = year.linked_conversions()["signup"]
    found: list[bool] = []
    ranked: list[bool] = []
    for model, shares in year.truth["shares"].items():
        mine = {row["touchpoint"]: row for row in rows if row["model"] == model}
        assert sum(row["conversions"] for row in mine.values()) == pytest.approx(signups)
        # Of a place that hardly ever won a signup, the spread of what it won says little.
        told = [place for place, share in shares.items() if share * signups >= 4 and place in mine]
        found += [mine[place]["low"] <= shares[place] * signups <= mine[place]["high"] for place in told]
        surely = [(one, other) for one in told for other in told if mine[one]["low"] > mine[other]["high"]]
        ranked += [shares[one] > shares[other] for one, other in surely]
    assert ranked
    assert all(ranked)
    last = sorted((row for row in rows if row["model"] == "last"), key=lambda row: row["rank"])
    assert {row["touchpoint"] for row in last[:3]} == set(year.truth["causes"])
    return found


def test_conversions_and_tiers_are_counted_as_they_were_made(year: Year) -> None:
    counts = {row["goal"]: row["conversions"] for row in conversions(year.found.events).to_pyarrow().to_pylist()}
    assert counts == year.truth["goals"]
    for goal, rate in year.truth["rates"].items():
        assert counts[goal] == pytest.approx(rate * year.truth["people"], abs=4 * (rate * year.truth["people"]) ** 0.5)
    shares = {row["tier"]: row["share"] for row in tiers(year.found.events).to_pyarrow().to_pylist()}
    assert shares["counted"] == pytest.approx(0.14, abs=0.02)
    assert shares["visited"] == pytest.approx(0.46, abs=0.02)
    assert year.found.bots > 0


def test_who_vanishes_comes_back_by_what_was_to_bring_them_back(year: Year) -> None:
    rows = silences(steps(linked(year.found.events)), year.found.places, least_days=1).to_pyarrow().to_pylist()
    back: Counter[str] = Counter()
    for row in rows:
        back[row["back_by"]] += row["times"]
    total = back.total()
    assert back.most_common(1)[0][0] == LETTER
    misses = [
        place for place, share in year.truth["returns"].items()
        if abs(back[place] - share * total) > 2.6 * (share * total) ** 0.5 + 1
    ]  # fmt: skip
    assert len(misses) <= 2, "one in a hundred, of some thirty places"
    assert max(row["months"] for row in rows) >= 6


def test_a_year_is_archived_by_month_as_real_events_are_and_the_same_seed_makes_the_same(
    year: Year, tmp_path: Path
) -> None:
    folder = Path(year.settings.env.archive_url)
    files = parquet.files_in(folder)
    assert [path.parent.name for path in files] == [f"month={at:%Y-%m}" for at in months()]
    assert all(pq.read_schema(path).equals(archive_schema()) for path in files)
    assert set(parquet.listed(folder)) == {path.relative_to(folder).as_posix() for path in files}
    table = pq.ParquetFile(files[1]).read()
    assert pc.count_distinct(table["id"]).as_py() == table.num_rows
    persons = set(table["person"].drop_null().to_pylist())
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", person) for person in persons)
    assert set(table["tier"].to_pylist()) == {"counted", "visited", "consented", "known"}
    unlinked = table.filter(pc.is_null(table["person"]))
    assert set(unlinked["tier"].to_pylist()) == {"counted", "visited"}
    few = [make(settings_in(tmp_path / name), year.site, NOW, seed, 500).settings for name, seed in
           (("a", 3), ("b", 3), ("c", 4))]  # fmt: skip
    digests = [
        [hashlib.sha256(path.read_bytes()).hexdigest() for path in parquet.files_in(Path(one.env.archive_url))]
        for one in few
    ]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def months() -> list[datetime]:
    return [datetime(2025 + (month > 12), (month - 1) % 12 + 1, 1, tzinfo=UTC) for month in range(3, 16)]


def test_it_takes_the_place_of_a_demo_and_of_nothing_else(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "site")
    with pytest.raises(MilepostError, match=r"no touchpoints\.json, and the demo is of the site's own pages"):
        make(settings, settings.site.output, NOW, people=100)
    with pytest.raises(MilepostError, match="the site has 0 of kind article, and the demo needs 3"):
        make(settings, pages_with([{"id": "site/about", "kind": "page"}], settings), NOW, people=100)
    site = pages_with(PAGES, settings)
    real = archive_of(Path(settings.env.archive_url), [event(0, None, "blog/maps")])
    before = [path.read_bytes() for path in Path(real).rglob("*.parquet")]
    for _ in range(2):
        make(settings, site, NOW, people=100)
    assert [path.read_bytes() for path in Path(real).rglob("*.parquet")] == before
    assert not synthetic.is_synthetic(settings.env)
    (Path(settings_of_demo(settings).env.archive_url) / synthetic.MARK).unlink()
    with pytest.raises(MilepostError, match="is an archive, and not a demo's"):
        make(settings, site, NOW, people=100)


def test_the_command_says_what_it_made_and_whatever_shows_it_says_that_it_is_synthetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path / "site")
    pages_with(PAGES, settings)
    monkeypatch.chdir(tmp_path / "site")
    env = {"MILEPOST_VAR": str(settings.env.var), "MILEPOST_ARCHIVE_URL": str(tmp_path / "real"),
           "MILEPOST_SETTINGS": str(settings.site.file)}  # fmt: skip
    done = CliRunner().invoke(cli, ["journeys", "demo", "--people", "400"], env=env)
    assert done.exit_code == 0, done.output
    said = re.sub(r"[0-9][0-9,]*\b", "N", done.stdout)
    assert said == (
        "a year of synthetic journeys: N people, N events, N signups, N orders\n"
        "N causes and N obstacles were planted: var/demo/archive/synthetic.json\n"
        "report in var/demo/report/index.html; `make demo` serves it\n"
    )
    assert not (tmp_path / "real").exists()
    assert sorted(path.name for path in settings.env.var.iterdir()) == ["demo"]
    page = (settings.env.var / "demo/report/index.html").read_text()
    assert "<title>Synthetic: Journeys – Milepost</title>" in page
    assert synthetic.NOTE.partition("`")[0] in page
    of_demo = {"MILEPOST_VAR": str(settings.env.var / "demo"), "MILEPOST_SETTINGS": str(settings.site.file)}
    for arguments, where in ((["report"], "out"), (["measure", "reach", "--by", "surface", "--format", "json"], "err")):
        done = CliRunner().invoke(cli, ["journeys", *arguments], env=of_demo)
        assert done.exit_code == 0, done.output
        if where == "err":
            assert done.stderr == f"{synthetic.NOTE}\n"
            assert {row["surface"] for row in json.loads(done.stdout)} >= {"blog", "docs", "site", "newsletter"}
    assert "<title>Synthetic: " in (settings.env.var / "demo/report/index.html").read_text()


@pytest.mark.long
def test_other_years_are_found_as_well(tmp_path: Path) -> None:
    within: list[bool] = []
    for seed in range(2, 12):
        year = year_in(tmp_path / str(seed), seed, PEOPLE)
        test_every_obstacle_that_was_planted_is_found_and_nothing_else(year)
        test_conversions_and_tiers_are_counted_as_they_were_made(year)
        test_who_vanishes_comes_back_by_what_was_to_bring_them_back(year)
        within += credits_within(year)
    assert len(within) > 200
    assert sum(within) / len(within) >= 0.92, "95 % intervals"
