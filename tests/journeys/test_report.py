"""The report: what its page says of hand-made journeys, its tables, and how the folder is replaced."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from measured import ADA, BOB, CYD, START, TOUCHPOINTS, archive_of, event

from milepost import cli
from milepost import settings as settings_module
from milepost.errors import MilepostError
from milepost.journeys.answers import Answer
from milepost.journeys.pictures import sankey
from milepost.journeys.report import build, report_of, write
from milepost.journeys.report_model import Report
from milepost.settings import Settings
from sites import Site

DAY = 24 * 60
NOW = datetime(2026, 3, 9, 10, 5, tzinfo=UTC)
URLS = [{**one, "url": f"http://127.0.0.1:8000/{one['id']}/"} for one in TOUCHPOINTS]

EVENTS = [
    event(0, ADA, "blog/funnel"),
    event(1, ADA, "blog/funnel", "engage", data='{"seconds": 31.5, "depth": 80}'),
    event(12 * DAY, ADA, "docs/start"),
    event(12 * DAY + 1, ADA, "docs/start", "signup", tier="known"),
    event(0, BOB, "site/about", "signup", tier="known"),
    event(0, CYD, "docs/start"),
    event(0, "v", "blog/funnel"),
    event(1, "v", "docs/start"),
    event(7, None, "blog/funnel"),
    event(8, None, "site/about", "signup"),
    event(9, None, "blog/funnel", bot="Googlebot"),
]


def settings_in(root: Path) -> Settings:
    root.mkdir(exist_ok=True)
    file = Site(root).write({"content/.keep": ""}).settings_file
    return settings_module.load(file, environ={"MILEPOST_VAR": str(root / "var")})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "site")


def pages_with(touchpoints: list[dict[str, Any]], settings: Settings) -> Path:
    """A folder of built pages, as far as the report reads it."""
    folder = settings.site.output
    folder.mkdir(exist_ok=True)
    (folder / "touchpoints.json").write_text(json.dumps({"version": 1, "touchpoints": touchpoints}))
    return folder


def built(settings: Settings, pages: Path, events: list[dict[str, Any]]) -> Path:
    archive_of(Path(settings.env.archive_url), events)
    out = settings.env.var / "report"
    build(settings, pages, out, NOW)
    return out


def soup_of(folder: Path) -> BeautifulSoup:
    return BeautifulSoup((folder / "index.html").read_bytes(), "lxml")


@pytest.fixture(scope="module")
def measured_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What the measures say of EVENTS."""
    settings = settings_in(tmp_path_factory.mktemp("measured"))
    archive_of(Path(settings.env.archive_url), EVENTS)
    return report_of(settings, pages_with(URLS, settings), NOW)


@pytest.fixture(scope="module")
def report(measured_report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on EVENTS, for tests that only read it."""
    folder = tmp_path_factory.mktemp("report") / "report"
    write(measured_report, folder)
    return folder


def text_of(tag: Tag | None) -> str:
    assert tag
    return " ".join(tag.get_text(" ").split())


def section(soup: BeautifulSoup, name: str) -> Tag:
    found = soup.find("section", attrs={"aria-labelledby": name})
    assert isinstance(found, Tag)
    return found


def cells(table: Tag) -> list[list[str]]:
    return [[text_of(cell) for cell in row.find_all(["th", "td"])] for row in table.select("tbody tr")]


def test_the_page_says_in_numbers_what_was_measured_and_of_whom(report: Path) -> None:
    soup = soup_of(report)
    for tip in soup.select(".tip"):
        tip.decompose()
    figures = [[text_of(cell) for cell in group.find_all(["dt", "dd"])] for group in soup.select(".figures dl > div")]
    assert figures == [
        ["Views", "6", "Pages that were opened, by every reader, those who are only counted too."],
        [
            "Visits",
            "4",
            "Views with no gap over 30 minutes, by readers from visited up: 5 of the 6 views.",
        ],
        ["People", "2", "Readers who said yes, consented or known : 3 of the 6 views."],
        ["Reached: signup", "3", "By every reader. 2 of them are linked , and can be seen as journeys."],
    ]
    assert text_of(soup.select_one(".built")) == (
        "10 events from 5 January 2026 to 17 January 2026. Built on 9 March 2026 at 11:05 , Europe/Berlin. "
        "1 event of known bots left out."
    )


def test_journeys_to_a_signup_are_chains_of_titles_and_reconcile(report: Path) -> None:
    soup = soup_of(report)
    told = section(soup, "paths")
    assert [text_of(journey) for journey in told.select(".journeys > li")] == [
        "1 signup 50 % no touchpoint that was seen → signup 1 person",
        "1 signup 50 % blog No funnel → docs Start here → signup 1 person, 2 visits, 12 days",
    ]
    assert "1 more signup by readers who did not say yes: counted, and linked to nothing." in text_of(told)
    links = [link["href"] for link in told.select(".chain a")]
    assert links == ["http://127.0.0.1:8000/blog/funnel/", "http://127.0.0.1:8000/docs/start/"]


def test_what_came_next_adds_up_to_all_steps_of_the_page(report: Path) -> None:
    soup = soup_of(report)
    tables = {text_of(table.caption): cells(table) for table in section(soup, "next").select("table")}
    assert tables == {
        "docs Start here 3 times": [["signup", "1", "33 %"], ["left the site", "2", "67 %"]],
        "signup 2 times": [["left the site", "2", "100 %"]],
        "blog No funnel 2 times": [["docs Start here", "1", "50 %"], ["left the site", "1", "50 %"]],
    }
    bars = section(soup, "next").select("tbody .bar rect")
    assert [bar["width"] for bar in bars] == ["33.33", "66.67", "50", "50", "100"]


def test_more_next_pages_than_are_shown_are_one_row(measured_report: Report, tmp_path: Path) -> None:
    name = "next-within-a-visit"
    columns = measured_report.tables[name].columns
    rows = [dict(zip(columns, ("blog/funnel", f"docs/page-{n}", 1, 1 / 6, 1), strict=True)) for n in range(6)]
    write(replace(measured_report, tables={**measured_report.tables, name: Answer(columns, rows)}), tmp_path / "out")
    soup = soup_of(tmp_path / "out")
    table = section(soup, "next").select_one("table")
    assert table and cells(table) == [
        *([f"docs docs/page-{number}", "1", "17 %"] for number in range(4)),
        ["2 other pages", "2", "33 %"],
    ]


def test_docs_and_blog_reach_and_tiers_are_tables(report: Path) -> None:
    soup = soup_of(report)
    used = section(soup, "docs-and-blog").find("table")
    surfaces, by_page = section(soup, "reach").select("table")
    tiers = section(soup, "tiers").find("table")
    assert isinstance(used, Tag) and isinstance(tiers, Tag)
    assert cells(used) == [
        ["Both, the blog first", "1", "1", "100 %"],
        ["Both, the docs first", "0", "0", "no path"],
        ["The blog, no docs", "0", "0", "no path"],
        ["The docs, no blog", "1", "0", "0 %"],
        ["Neither", "1", "1", "100 %"],
    ]
    assert "Docs and blog were both used before 1 of 2 signups." in text_of(section(soup, "docs-and-blog"))
    assert cells(surfaces) == [["blog", "3", "2", "1", "0:10"], ["docs", "3", "3", "2", "0:00"]]
    assert cells(by_page) == [
        ["blog No funnel", "3", "2", "1", "0:10"],
        ["docs Start here", "3", "3", "2", "0:00"],
    ]
    assert [row[:4] for row in cells(tiers)] == [
        ["counted", "1", "17 %", "2"],
        ["visited", "2", "33 %", "2"],
        ["consented", "3", "50 %", "4"],
        ["known", "0", "0 %", "2"],
    ]


def test_every_table_is_there_as_csv_and_json_with_the_same_rows(report: Path) -> None:
    about = json.loads((report / "data/report.json").read_text())
    assert about == {
        "version": 1,
        "built": "2026-03-09T11:05:00+01:00",
        "first": "2026-01-05T10:00:00+01:00",
        "last": "2026-01-17T10:01:00+01:00",
        "events": 10,
        "bots": 1,
        "goals": ["signup"],
        "synthetic": False,
        "tables": about["tables"],
    }
    files = {f"{name}.{kind}" for name in about["tables"] for kind in ("csv", "json")} | {"report.json"}
    assert {path.name for path in (report / "data").iterdir()} == files
    for name in about["tables"]:
        rows = json.loads((report / f"data/{name}.json").read_text())
        with (report / f"data/{name}.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        shown = [{key: _text(value) for key, value in row.items()} for row in rows]
        assert table == shown, name
    linked = {link["href"] for link in soup_of(report).select(".files a")}
    assert linked == {f"data/{name}" for name in files - {"report.json"}}
    paths = json.loads((report / "data/paths-to-signup.json").read_text())
    assert paths[1] == {
        "path": ["blog/funnel", "docs/start"], "goal": "signup", "conversions": 1, "people": 1, "share": 0.5,
        "visits": 2.0, "days": paths[1]["days"],
    }  # fmt: skip
    assert paths[1]["days"] == pytest.approx(12 + 1 / DAY)


def _text(value: Any) -> str:
    return " → ".join(value) if isinstance(value, list) else "" if value is None else str(value)


HOSTILE = [
    {
        "id": "blog/funnel",
        "title": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
        "surface": "<b>blog</b>",
        "kind": "article",
        "url": "javascript:alert(1)",
        "topics": ["=1+1", "<i>"],
    },
    {"id": "docs/start", "title": "{{ 7 * 7 }}", "surface": "docs", "kind": "doc", "url": '"onclick="alert(1)'},
]


def test_hostile_titles_surfaces_urls_and_topics_stay_text(settings: Settings) -> None:
    events = [*EVENTS, event(90, ADA, "blog/funnel", "convert", goal="<script>alert(2)</script>")]
    folder = built(settings, pages_with(HOSTILE, settings), events)
    soup = soup_of(folder)
    assert not soup.find_all(["script", "img", "b", "i"])
    assert not [
        tag for tag in soup.find_all(True) if any(name.startswith("on") or name == "style" for name in tag.attrs)
    ]
    assert {link["href"].partition(":")[0] for link in soup.find_all("a") if ":" in link["href"]} == {"http"}
    assert '"><script>alert(1)</script><img src=x onerror=alert(1)>' in text_of(section(soup, "paths"))
    assert "{{ 7 * 7 }}" in text_of(section(soup, "paths"))
    assert "'=1+1,3," in (folder / "data/reach-by-topic.csv").read_text()


def test_the_page_needs_nothing_but_its_own_stylesheet(report: Path) -> None:
    soup = soup_of(report)
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert isinstance(policy, Tag)
    assert policy["content"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
    )
    assert [link["href"] for link in soup.find_all("link")] == ["data:,", "report.css"]
    assert not soup.find_all(["script", "style"]) and not soup.select("[style]")
    assert (report / "report.css").read_text().count("url(") == 0


def test_without_events_the_page_says_what_to_do(settings: Settings) -> None:
    (settings.env.var / "report").mkdir(parents=True)
    folder = built(settings, pages_with([], settings), [])
    text = text_of(soup_of(folder).main)
    assert text.startswith("No events yet Everything here is measured from what readers do")
    assert "Run milepost journeys report , and reload this page." in text
    assert (folder / "data/paths-to-signup.csv").read_text() == "path,goal,conversions,people,share,visits,days\n"


def test_a_report_on_a_site_that_was_never_built_shows_ids(measured_report: Report, tmp_path: Path) -> None:
    write(replace(measured_report, touchpoints={}), tmp_path / "out")
    assert "blog blog/funnel → docs docs/start → signup" in text_of(section(soup_of(tmp_path / "out"), "paths"))


def test_a_new_report_takes_the_place_of_the_old_one_and_leaves_nothing_beside_it(
    measured_report: Report, tmp_path: Path
) -> None:
    folder = tmp_path / "out" / "report"
    write(measured_report, folder)
    (folder / "data/of-an-older-version.csv").write_text("gone\n")
    for leftover in (".report.new", ".report.old"):
        (folder.with_name(leftover) / "data").mkdir(parents=True)
    write(replace(measured_report, built=NOW + timedelta(days=1)), folder)
    assert "10 March 2026" in text_of(soup_of(folder).select_one(".built"))
    assert not (folder / "data/of-an-older-version.csv").exists()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["report"]


def test_a_report_that_fails_leaves_the_old_one_as_it_was(
    measured_report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out" / "report"
    write(measured_report, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def fail(*_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("milepost.journeys.report.pages", fail)
    with pytest.raises(OSError, match="No space left"):
        write(replace(measured_report, built=NOW + timedelta(days=1)), folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["report"]


def test_a_folder_that_is_no_report_is_not_replaced(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    (tmp_path / "file").write_text("dear")
    for name in ("mine", "file"):
        with pytest.raises(MilepostError, match=rf"{name}: is there and is no report; name another folder with --out"):
            build(settings, pages_with(URLS, settings), tmp_path / name, NOW)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == (tmp_path / "file").read_text() == "dear"


def test_the_command_archives_and_says_where_the_report_is(new_site: Callable[..., Site]) -> None:
    site = new_site({"content/.keep": "", "output/touchpoints.json": json.dumps({"version": 1, "touchpoints": URLS})})
    archive_of(site.root / "var" / "archive", EVENTS)

    report = site.milepost("journeys", "report")
    assert (report.returncode, report.stderr) == (0, "")
    assert report.stdout.splitlines()[-1] == "report in var/report/index.html"
    assert "No funnel" in (site.root / "var/report/index.html").read_text()


@pytest.fixture
def measure(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., tuple[Any, str, str]]:
    """A way to run `milepost journeys measure` here; returns its exit status, output and errors."""

    def run(*arguments: str) -> tuple[Any, str, str]:
        monkeypatch.setenv("MILEPOST_VAR", str(settings.env.var))
        monkeypatch.setattr("sys.argv", ["milepost", "journeys", "measure", *arguments, "-s", str(settings.site.file)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_a_measure_is_printed_as_a_table_json_or_csv(settings: Settings, measure: Any) -> None:
    pages_with(URLS, settings)
    archive_of(Path(settings.env.archive_url), EVENTS)
    status, out, _ = measure("reach", "--by", "surface", "--format", "json")
    assert status == 0
    assert json.loads(out) == [
        {"surface": "blog", "views": 3, "visits": 2, "people": 1, "engaged_seconds": 31.5},
        {"surface": "docs", "views": 3, "visits": 3, "people": 2, "engaged_seconds": 0.0},
    ]
    assert measure("paths", "--goal", "signup")[1].splitlines() == [
        "path                      goal    conversions  people  share  visits    days",
        "(none)                    signup            1       1  0.500   1.000   0.000",
        "blog/funnel → docs/start  signup            1       1  0.500   2.000  12.001",
    ]
    assert measure("paths", "--by", "kind", "--tier", "consented", "--format", "csv")[1] == (
        "kind,next,times,share,people\r\ndoc,(left),2,1.0,2\r\narticle,doc,1,1.0,1\r\n"
    )


MISUSES = {
    "a measure that there is not": (["onwards"], 'no measure "onwards"; there are reach, paths, docs-and-blog'),
    "a level": (["paths", "--by", "topic"], 'cannot count by "topic"; say touchpoint, surface, kind, objective'),
    "a goal": (["docs-and-blog", "--goal", "sale"], 'no conversion has the goal "sale"; there are signup'),
    "a tier": (["reach", "--tier", "all"], 'no tier "all"; there are counted, visited, consented, known'),
    "a tier that is no journey": (["paths", "--tier", "visited"], "visited events are no journeys; paths are of"),
    "days the wrong way round": (
        ["reach", "--from", "2026-02-01", "--to", "2026-01-01"],
        "--from is after --to; swap them",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), MISUSES.values(), ids=MISUSES)
def test_a_question_that_cannot_be_asked_says_how_it_can(
    settings: Settings, measure: Any, arguments: list[str], said: str
) -> None:
    archive_of(Path(settings.env.archive_url), EVENTS)
    status, out, fault = measure(*arguments)
    assert (status, out) == (2, "")
    assert fault.startswith(said)


def test_days_are_those_of_the_sites_timezone_and_the_last_one_counts(settings: Settings, measure: Any) -> None:
    midnight_in_berlin = (datetime(2026, 1, 9, 23, tzinfo=UTC) - START) / timedelta(minutes=1)
    minutes = (midnight_in_berlin - 1, midnight_in_berlin, midnight_in_berlin + DAY - 1, midnight_in_berlin + DAY)
    archive_of(Path(settings.env.archive_url), [event(minute, None, "blog/maps") for minute in minutes])
    found = measure("reach", "--from", "2026-01-10", "--to", "2026-01-10", "--format", "csv")
    assert found == (0, "touchpoint,views,visits,people,engaged_seconds\r\nblog/maps,2,0,0,0.0\r\n", "")


@pytest.mark.parametrize(("columns", "wide"), [(2, 5), (5, 5), (7, 7)])
def test_a_map_of_few_visits_is_drawn_no_larger_than_one_of_many(columns: int, wide: int) -> None:
    flows = [sankey.Flow(column, "blog", "blog", 3) for column in range(1, columns)]
    drawn = sankey.sankey(flows, lambda place: sankey.Node(place, "blog"), {}, "Map")
    assert f'viewBox="0 0 {(wide - 1) * 190 + 170} ' in drawn
