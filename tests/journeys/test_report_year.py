"""The report on a year of journeys: pictures and tables say what the measures say, every number says what it means."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from journeys import a_year
from markup import faults
from milepost.journeys.measures.journey_map import beginnings, journey_map
from milepost.journeys.measures.paths import steps
from milepost.journeys.measures.tiers import linked
from milepost.journeys.questions import answered, open_archive
from milepost.journeys.report import write
from milepost.journeys.report_map import flows_of, fold, views
from milepost.journeys.report_model import Report
from milepost.journeys.report_tables import goals_of
from milepost.journeys.report_words import MODELS, WORDS, figure
from milepost.settings import Settings


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Report]:
    return a_year.measured(tmp_path_factory)


@pytest.fixture(scope="module")
def settings(year: tuple[Settings, Report]) -> Settings:
    return year[0]


@pytest.fixture(scope="module")
def report(year: tuple[Settings, Report]) -> Report:
    return year[1]


@pytest.fixture(scope="module")
def folder(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "report"
    write(report, out)
    return out


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, BeautifulSoup]:
    """Every page by its name, without the definitions that lie behind words."""
    found = {path.name: BeautifulSoup(path.read_bytes(), "lxml") for path in folder.glob("*.html")}
    assert sorted(found) == ["index.html", "obstacles.html", "to-order.html"]
    return found


def text_of(tag: Tag | None) -> str:
    assert tag
    return " ".join("".join(part for part in tag.strings if not part.find_parent(class_="tip")).split())


def section(page: BeautifulSoup, name: str) -> Tag:
    found = page.find("section", attrs={"aria-labelledby": name})
    assert isinstance(found, Tag)
    return found


def cells(table: Tag) -> list[list[str]]:
    return [[text_of(cell) for cell in row.find_all(["th", "td"])] for row in table.select("tbody tr")]


def test_html_has_no_fault_and_nothing_inline(folder: Path, pages: dict[str, BeautifulSoup]) -> None:
    for name, page in pages.items():
        inline = [tag.name for tag in page.find_all(True) if any(a == "style" or a[:2] == "on" for a in tag.attrs)]
        assert (inline, page.find_all(["script", "style", "foreignObject"])) == ([], []), name
        policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
        assert isinstance(policy, Tag) and str(policy["content"]).startswith("default-src 'none'; style-src 'self';")
        links = [str(link["href"]) for link in page.find_all("a") if "://" not in str(link["href"])]
        ids = {str(tag["id"]) for tag in page.select("[id]")}
        assert [link for link in links if link[0] == "#" and link[1:] not in ids] == [], name
        assert [link for link in links if link[0] != "#" and not (folder / link).is_file()] == [], name
    assert faults(folder) == []


def test_every_number_has_its_definition_and_no_definition_is_idle(pages: dict[str, BeautifulSoup]) -> None:
    used = set()
    for page in pages.values():
        meant = {str(meaning["id"]): meaning.get_text() for meaning in page.select(".words dd")}
        for term in page.select(".term"):
            tip, key = term.span, str(term["aria-describedby"])
            assert tip and (tip.get_text(), tip["aria-hidden"], term["href"]) == (meant[key], "true", f"#{key}")
            used.add(key.removeprefix("means-"))
        bare = [head for head in page.select("thead th.number, thead th.model") if not head.select_one(".term, .key")]
        assert [text_of(head) for head in bare if text_of(head) != "Visit"] == []
        assert [text_of(name) for name in page.select(".facts dt, .figures dt") if not name.select_one(".term")] == []
    assert used == set(WORDS)


def test_synthetic_is_said_on_every_page_and_in_the_data(folder: Path, pages: dict[str, BeautifulSoup]) -> None:
    for page in pages.values():
        assert text_of(page.select_one(".synthetic")) == f"Synthetic. {a_year.NOTE}"
        assert page.title and page.title.get_text().startswith("Synthetic: ")
    assert json.loads((folder / "data/report.json").read_text())["synthetic"] is True


def test_objectives_come_first_with_what_the_measure_says(report: Report, pages: dict[str, BeautifulSoup]) -> None:
    told = section(pages["index.html"], "objectives").select("article")
    rows = report.rows("objectives")
    assert [text_of(one.h3) for one in told] == [row["title"] for row in rows]
    for one, row in zip(told, rows, strict=True):
        facts = {text_of(fact.dt): text_of(fact.dd) for fact in one.select(".facts > div")}
        by = f"{row['by'].day} {row['by']:%B %Y}"
        assert facts == {
            "So far": f"{row['actual']} {row['measure']}",
            "Target": f"{row['target']:.0f} by {by}",
            "Pace": f"{row['pace']:.0%} {row['elapsed']:.0%} of the time is over".replace("%", " %"),
            "Leads to": f"{figure(row['projected'])} {figure(row['low'])} to {figure(row['high'])}",
            "Needed a day": figure(row["needed_a_day"]),
        }
        # The line ends where the measure says, and the fan is as wide as its interval.
        assert one.svg and one.table
        assert cells(one.table)[-1][-1] == str(row["actual"])
        drawn = [float(y) for x, y in (point.split(",") for point in str(one.svg.polygon["points"]).split())]
        bottom, top = float(str(one.svg.select_one(".axis")["y1"])), float(str(one.svg.select_one(".target")["y1"]))
        high = [(bottom - y) / (bottom - top) * row["target"] for y in drawn]
        assert high == pytest.approx([row["actual"], row["high"], row["low"]], rel=0.01)
    served = text_of(told[0].select("p.note")[0])
    (best,) = (
        row["touchpoint"]
        for row in report.rows("attribution-to-signup-by-touchpoint")
        if row["model"] == "linear"
        and row["conversions"]
        == max(
            it["conversions"] for it in report.rows("attribution-to-signup-by-touchpoint") if it["model"] == "linear"
        )
    )
    assert served.startswith(f"What served it: {best.split('/')[0]} {report.touchpoints[best]['title']}")


def test_without_an_objective_there_is_no_chart_and_the_page_says_how_to_write_one(
    report: Report, tmp_path: Path
) -> None:
    none = {**report.tables, "objectives": replace(report.tables["objectives"], rows=[])}
    write(replace(report, tables=none, plan_fault="content/plan.toml:3: no target"), tmp_path / "out")
    told = section(BeautifulSoup((tmp_path / "out/index.html").read_bytes(), "lxml"), "objectives")
    assert not told.svg and 'measure = "signup"' in text_of(told) and "content/plan.toml:3: no target" in text_of(told)


def test_the_obstacles_worth_most_come_with_threshold_examples_and_remedy(
    report: Report, pages: dict[str, BeautifulSoup]
) -> None:
    rows = report.rows("obstacles")
    first = section(pages["index.html"], "obstacles").select("article")
    every = pages["obstacles.html"].select("article")
    assert (len(first), len(every)) == (3, len(rows)) and len(rows) >= 6
    for one, row in zip([*first, *every], [*rows[:3], *rows], strict=True):
        facts = [text_of(fact) for fact in one.select(".facts dd")]
        assert facts == [
            f"{row['downstream']} conversion{'s' * (row['downstream'] != 1)}",
            f"{row['failed']} of {row['tries']}",
            f"{row['people']} {'person' if row['people'] == 1 else 'people'}",
        ]
        assert row["definition"] in text_of(one)
        assert float(str(one.select_one("rect")["width"])) == pytest.approx(row["share"] * 100, abs=0.01)
    said = " ".join(map(text_of, every))
    assert "Searches for “refund” find nothing" in said and "There is no page at /old-pricing/" in said
    assert {"http://127.0.0.1:8000/docs/5/", "https://forum.example/"} <= {
        str(link["href"]) for one in every for link in one.select(".note a")
    }


def test_the_map_has_everybody_however_it_is_folded(settings: Settings, report: Report) -> None:
    goal = report.goals[0]
    found = {view.slug: view for view in views(report, goal)}
    assert list(found) == ["surface", "of-1", "of-2", "of-3", "topic", "page"]
    opened = open_archive(settings, settings.site.output)
    trodden = steps(linked(opened.events))
    begun = beginnings(trodden, goal.name)
    everybody = trodden.reader.nunique().to_pyarrow().as_py()
    for view in found.values():
        assert sum(flow.people for flow in view.flows if flow.column == 1) == everybody, view.slug
        assert _reconciles(view.flows), view.slug
    measured = flows_of(answered(journey_map(begun, opened.places, goal.name, "surface")).rows, "surface")
    assert fold(measured, lambda name: name) == found["surface"].flows
    won = sum(flow.people for flow in found["surface"].flows if flow.to == "(signup)" and flow.column <= 4)
    later = sum(flow.people for flow in found["surface"].flows if flow.to == "(later)")
    assert won <= report.reached("signup")["people"] <= won + later


def _reconciles(flows: Iterable[Any]) -> bool:
    """As many go out of each place at each visit as came in."""
    came: dict[tuple[int, str], int] = {}
    went: dict[tuple[int, str], int] = {}
    for flow in flows:
        came[flow.column + 1, flow.to] = came.get((flow.column + 1, flow.to), 0) + flow.people
        went[flow.column, flow.place] = went.get((flow.column, flow.place), 0) + flow.people
    ends = ("(signup)", "(left)", "(later)")
    return {at: count for at, count in came.items() if at[1] not in ends} == {
        at: count for at, count in went.items() if at[0] > 1
    }


def test_a_ribbon_is_as_wide_as_its_people_and_a_click_unfolds(pages: dict[str, BeautifulSoup]) -> None:
    told = section(pages["index.html"], "map")
    folded = told.select_one(".sankey")
    assert folded
    widths = {}
    for ribbon in folded.select(".ribbon"):
        assert ribbon.title
        people = int(ribbon.title.get_text().rsplit(": ", 1)[1].replace(",", ""))
        widths[people] = float(str(ribbon["stroke-width"])) / people
    assert max(widths.values()) == pytest.approx(min(widths.values()), rel=0.02)
    targets = {str(link["href"]) for link in folded.select("a")}
    assert targets == {"#map-signup-of-1", "#map-signup-of-2", "#map-signup-of-3"}
    for target in targets:
        figure_ = told.select_one(target)
        assert figure_ and figure_.parent and figure_.parent.name == "details"


def test_attribution_has_seven_models_with_intervals_and_marks(report: Report, pages: dict[str, BeautifulSoup]) -> None:
    told = section(pages["index.html"], "attribution")
    levels = [
        text_of(one.summary).partition(" ≠")[0].removeprefix("By ").split(" ")[0] for one in told.select("details")
    ]
    assert levels == [
        "surface", "touchpoint", "kind", "topic", "author", "objective", "strategy", "function", "tactic",
    ]  # fmt: skip
    for level, one in zip(levels, told.select("details"), strict=True):
        rows: dict[str, dict[str, Any]] = {}
        for row in report.rows(f"attribution-to-signup-by-{level}"):
            rows.setdefault(row[level], {})[row["model"]] = row
        assert one.table
        shown = cells(one.table)
        assert len(shown) == min(len(rows), 12)
        for line, (name, models) in zip(shown, rows.items(), strict=False):
            disputed = models["first"]["disputed"]
            assert line[0].endswith("≠") == disputed, name
            assert line[2:9] == [
                f"{figure(models[m]['conversions'])} {figure(models[m]['low'])}–{figure(models[m]['high'])}"
                for m in MODELS
            ]
    order = section(pages["to-order.html"], "attribution")
    assert order.table and cells(order.table)[0][-1].endswith(" EUR")
    for model in MODELS:
        shared = [row for row in report.rows("attribution-to-signup-by-topic") if row["model"] == model]
        assert sum(row["conversions"] for row in shared) == pytest.approx(report.reached("signup")["linked"])


def test_silences_returns_cohorts_and_parts_add_up(report: Report, pages: dict[str, BeautifulSoup]) -> None:
    page = pages["index.html"]
    told = section(page, "silences")
    times = sum(row["times"] for row in report.rows("silences"))
    by_months = told.select("table")[-1]
    assert text_of(told.select_one(".lead")) == f"{times} returns after a silence."
    assert sum(int(line[-2]) for line in cells(by_months)) == times
    assert sum(int(line[-1]) for line in cells(by_months)) == sum(row["converted"] for row in report.rows("silences"))
    days = {
        day.title.get_text().split(": ")[0]: int(day.title.get_text().split(": ")[1])
        for day in told.select(".calendar rect") if day.title
    }  # fmt: skip
    last = date(2026, 9, 29)
    shown = {row["day"]: row["people"] for row in report.rows("returns-by-day") if (last - row["day"]).days < 52 * 7}
    assert {f"{day:%a} {day.day} {day:%b %Y}": people for day, people in shown.items()} == days
    behind = told.select_one(".behind table")
    assert behind and [int(line[1]) for line in cells(behind)] == [shown[day] for day in sorted(shown, reverse=True)]
    cohorts = section(page, "cohorts").table
    assert isinstance(cohorts, Tag)
    lines = cells(cohorts)
    rows = report.rows("cohorts-to-signup")
    assert (
        sum(int(line[-2]) for line in lines) == sum(row["people"] for row in rows) == report.rows("totals")[0]["people"]
    )
    assert sum(int(line[-1]) for line in lines) == sum(row["converted"] for row in rows)
    (letter,) = (row for row in report.rows("surfaces-to-order") if row["surface"] == "newsletter")
    assert text_of(section(pages["to-order.html"], "parts").select_one(".lead")).startswith(
        f"The newsletter was on the way to {letter['before']} of {letter['conversions']}, and the last step before"
    )


def test_what_is_blocked_is_an_estimate_that_says_of_what(report: Report, pages: dict[str, BeautifulSoup]) -> None:
    (row,) = report.rows("blocked")
    assert 0.02 < row["low"] < row["share"] < row["high"] < 0.25
    said = text_of(section(pages["index.html"], "tiers").select_one(".apart"))
    assert f"after {row['silent']} of {row['signups']} the page that confirms it sent no view" in said
    assert f"About {row['share']:.0%}".replace("%", " %") in said and "take it for the least" in said


def test_goals_of_objectives_come_first_and_each_has_a_file_name_of_its_own(report: Report) -> None:
    reached = [{"goal": name, "conversions": 9 - n} for n, name in enumerate(("é/buy", "Buy!", "signup", "call"))]
    plan = [_objective("signup"), _objective("never")]
    assert [(goal.name, goal.slug) for goal in goals_of(reached, plan)] == [
        ("signup", "signup"), ("é/buy", "buy"), ("Buy!", "buy-3"),
    ]  # fmt: skip
    assert [goal.name for goal in goals_of([], [])] == ["signup"]


def _objective(measure: str) -> Any:
    from milepost.journeys.measures.objectives import Objective

    return Objective(measure, measure, measure, 1, date(2027, 1, 1))
