"""The demo year: the measures find what was planted in it, within their intervals; and it stays apart, and says so."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import httpx
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
from milepost.journeys.demo.state import PEOPLE, make, settings_of_demo
from milepost.journeys.measures.obstacles.ranked import DETECTORS
from serving import serving
from sites import ROOT

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
    """A demo of the pages above: what the command said, where its state is, and the truth."""

    said: str
    var: Path
    truth: dict[str, Any]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of the report, as it is published beside its pictures."""
        found: list[dict[str, Any]] = json.loads((self.var / "report/data" / f"{table}.json").read_text())
        return found


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return year_in(tmp_path_factory.mktemp("demo"), seed=1, people=8_000)


def year_in(root: Path, seed: int, people: int) -> Year:
    """What `milepost journeys demo` makes, where the environment names a real archive."""
    root.mkdir(exist_ok=True)
    settings = settings_in(root / "site")
    pages_with(PAGES, settings)
    env = {
        "MILEPOST_VAR": str(settings.env.var), "MILEPOST_SETTINGS": str(settings.site.file),
        "MILEPOST_ARCHIVE_URL": str(root / "real"),
    }  # fmt: skip
    done = CliRunner().invoke(cli, ["journeys", "demo", "--people", str(people), "--seed", str(seed)], env=env)
    assert done.exit_code == 0, done.output
    assert not (root / "real").exists()
    assert [path.name for path in settings.env.var.iterdir()] == ["demo"]
    var = settings.env.var / "demo"
    return Year(done.stdout, var, dict(synthetic.truth_of(var / "archive")))


def test_every_obstacle_that_was_planted_is_found_and_nothing_else(year: Year) -> None:
    found = {(row["obstacle"], row["touchpoint"], row["what"]) for row in year.rows("obstacles")}
    planted = {(one["obstacle"], one["touchpoint"], one["what"]) for one in year.truth["obstacles"]}
    assert {kind for kind, _, _ in planted} == set(DETECTORS)
    assert found == planted, "precision and recall are both 1"


def test_the_pages_that_cause_signups_are_credited_within_the_intervals(year: Year) -> None:
    within = credits_within(year)
    assert len(within) >= 12
    assert sum(within) / len(within) >= 0.85, "95 % intervals of a few places"


def credits_within(year: Year) -> list[bool]:
    """Whether the truth is within the interval, by model and place; what is surely more is so."""
    rows = year.rows("attribution-to-signup-by-touchpoint")
    (signups,) = (row["linked"] for row in year.rows("conversions") if row["goal"] == "signup")
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
    counts = {row["goal"]: row["conversions"] for row in year.rows("conversions")}
    assert counts == year.truth["goals"]
    for goal, rate in year.truth["rates"].items():
        assert counts[goal] == pytest.approx(rate * year.truth["people"], abs=4 * (rate * year.truth["people"]) ** 0.5)
    shares = {row["tier"]: row["share"] for row in year.rows("tiers")}
    assert shares["counted"] == pytest.approx(0.14, abs=0.02)
    assert shares["visited"] == pytest.approx(0.46, abs=0.02)
    assert json.loads((year.var / "report/data/report.json").read_text())["bots"] > 0


def test_who_vanishes_comes_back_by_what_was_to_bring_them_back(year: Year) -> None:
    planted: Counter[str] = Counter()
    for place, share in year.truth["returns"].items():
        planted[place.split("/")[0]] += share
    back: Counter[str] = Counter()
    for row in year.rows("silences"):
        back[row["back_by"]] += row["times"]
    assert set(back) == set(planted)
    total = back.total()
    for surface, share in planted.items():
        # The table has silences of 30 days and more, and those of who returns often are shorter: a little is allowed.
        assert back[surface] / total == pytest.approx(share, abs=3 * (share / total) ** 0.5 + 0.02)
    assert max(row["months"] for row in year.rows("silences")) >= 6


def test_what_was_made_is_said_and_marked_as_synthetic(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.sub(r"\d[\d,]*", "N", re.sub(r"[^ ]*/demo/", "demo/", year.said)) == (
        "a year of synthetic journeys: N people, N events, N signups, N orders\n"
        "N causes and N obstacles were planted: demo/archive/synthetic.json\n"
        "report in demo/report/index.html; `make demo` serves it\n"
    )
    page = (year.var / "report/index.html").read_text()
    assert "<title>Synthetic: Journeys – Milepost</title>" in page
    assert synthetic.NOTE in unescape(page)
    monkeypatch.setenv("MILEPOST_VAR", str(year.var))
    monkeypatch.setenv("MILEPOST_SETTINGS", str(year.var.parents[1] / "pelicanconf.py"))
    done = CliRunner().invoke(cli, ["journeys", "measure", "reach", "--by", "surface", "--format", "json"])
    assert (done.exit_code, done.stderr) == (0, f"{synthetic.NOTE}\n")
    assert {row["surface"] for row in json.loads(done.stdout)} == {"blog", "docs", "site", "newsletter"}


def test_a_year_is_archived_by_month_as_real_events_are_and_the_same_seed_makes_the_same(
    year: Year, tmp_path: Path
) -> None:
    folder = year.var / "archive"
    files = parquet.files_in(folder)
    months = [path.parent.name.removeprefix("month=") for path in files]
    assert (months[0], months[-1]) == (year.truth["first_day"][:7], year.truth["last_day"][:7])
    assert len(months) in (12, 13)
    assert all(pq.read_schema(path).equals(archive_schema()) for path in files)
    assert set(parquet.listed(folder)) == {path.relative_to(folder).as_posix() for path in files}
    table = pq.ParquetFile(files[1]).read()
    assert pc.count_distinct(table["id"]).as_py() == table.num_rows
    persons = set(table["person"].drop_null().to_pylist())
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", person) for person in persons)
    assert set(table["tier"].to_pylist()) == {"counted", "visited", "consented", "known"}
    unlinked = table.filter(pc.is_null(table["person"]))
    assert set(unlinked["tier"].to_pylist()) == {"counted", "visited"}
    digests = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        settings = settings_in(tmp_path / name)
        made = make(settings, pages_with(PAGES, settings), NOW, seed, 500).settings
        written = parquet.files_in(Path(made.env.archive_url))
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in written])
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


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


@pytest.mark.long
def test_make_demo_serves_the_site_with_a_report_that_has_something_in_it(tmp_path: Path) -> None:
    with serving(ROOT, tmp_path / "var", "make", "demo", seconds=300) as served:
        page = httpx.get(f"{served.url}/journeys/").text
        assert "<title>Synthetic: Journeys" in page
        assert "Searches for “refund” find nothing" in page
        told = httpx.get(f"{served.url}/journeys/post?touchpoint=blog/there-never-was-a-funnel", timeout=60).json()
        assert told["note"] == synthetic.NOTE
        assert told["tiers"][-1]["views"] > 500
    assert not {"archive", "inbox", "outbox", "report"} & {path.name for path in (tmp_path / "var").iterdir()}
