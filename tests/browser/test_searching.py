"""The search in a real browser, over the shipped content and `make serve`'s own process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.dataset as parquet
import pytest
from playwright.sync_api import Browser, Page, expect

from browser.kinds import opened
from serving import Served, serving
from sites import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(ROOT, tmp_path_factory.mktemp("search") / "var") as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with opened(chromium, viewport={"width": 1200, "height": 900}) as page:
        yield page


def titles(page: Page) -> list[str]:
    return page.locator("[data-search-results] h2").all_inner_texts()


def searches(served: Served) -> list[dict[str, Any]]:
    """What the archive knows of searches, after everything in the inbox was moved there."""
    report = served.milepost("journeys", "report")
    assert report.returncode == 0, report.stderr
    files = [str(path) for path in Path(served.env["MILEPOST_VAR"], "archive").glob("month=*/*.parquet")]
    rows = parquet.dataset(files, format="parquet").to_table().to_pylist()
    return [json.loads(row["data"]) for row in rows if row["type"] == "search"]


def test_the_slash_leads_from_any_page_to_results_by_keyboard_alone(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/about/")
    page.keyboard.press("/")
    page.wait_for_url(f"{served.url}/search/")
    page.keyboard.type("never a funnel")
    expect(page.locator("[data-search-status]")).to_contain_text("for “never a funnel”")
    assert titles(page)[0] == "There never was a funnel"
    assert "never" in [mark.lower() for mark in page.locator(".results mark").all_inner_texts()]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("There never was a funnel")
    page.go_back()
    expect(page.locator("[data-search-status]")).to_contain_text("for “never a funnel”")


def test_a_search_has_an_address_filters_included(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/search/?q=docs")
    expect(page.locator("[data-search-status]")).to_contain_text("pages for “docs”")
    everything = titles(page)
    page.goto(f"{served.url}/search/?q=docs&in=blog&category=Documentation&author=Ben+Sample")
    expect(page.locator("[data-search-status]")).to_contain_text("for “docs”")
    assert titles(page) == ["The decision was made in the docs", "Support reads the docs too"]
    assert len(everything) > 3
    page.get_by_label("Docs", exact=True).check()
    expect(page.locator("[data-search-status]")).to_contain_text("No page there")
    assert "in=docs" in page.url
    page.get_by_role("button", name="Look in everything").click()
    expect(page.locator("[data-search-status]")).to_contain_text("pages for “docs”")
    assert page.url == f"{served.url}/search/?q=docs"


def test_a_result_leads_to_its_sections_too(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/search/?q=consent&in=docs")
    section = page.locator(".results .sections a").first
    expect(section).to_be_visible()
    section.click()
    assert page.evaluate("document.getElementById(decodeURIComponent(location.hash.slice(1))).matches('h2, h3')")


def test_who_finds_nothing_is_shown_what_comes_near_and_ways_on(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/search/?q=gewsletter")
    expect(page.locator("[data-search-status]")).to_contain_text("No page for “gewsletter”")
    expect(page.get_by_role("link", name="The newsletter")).to_be_visible()
    expect(page.get_by_role("link", name="All articles, by date")).to_be_visible()


def test_a_hostile_query_is_shown_as_it_is_and_runs_nothing(page: Page, served: Served) -> None:
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.goto(f"{served.url}/search/?q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E")
    expect(page.locator("[data-search-status]")).to_contain_text("for “<img src=x onerror=alert(1)>”")
    assert (page.locator("main img").count(), faults) == (0, [])


def test_a_search_is_told_once_without_addresses_and_numbers(page: Page, served: Served) -> None:
    page.wait_for_timeout(500)
    before = searches(served)
    page.goto(f"{served.url}/search/")
    page.keyboard.type("  Funnel  ADA@example.org 12345 ", delay=20)
    page.keyboard.press("Enter")
    expect(page.locator("[data-search-status]")).to_contain_text("for “Funnel")
    shown = int((page.locator("[data-search-status]").inner_text().split() or ["0"])[0].replace("No", "0"))
    page.wait_for_timeout(2000)
    page.goto(f"{served.url}/about/")
    page.wait_for_timeout(500)
    assert [found for found in searches(served) if found not in before] == [{"query": "funnel", "results": shown}]


def test_the_slash_can_be_switched_off_and_is_a_letter_in_a_field(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/search/")
    page.keyboard.type("a/b")
    assert page.locator("[name=q]").input_value() == "a/b"
    page.locator("[data-search-key]").uncheck()
    page.goto(f"{served.url}/about/")
    page.keyboard.press("/")
    page.wait_for_timeout(300)
    assert page.url == f"{served.url}/about/"


def test_only_the_search_page_may_compile_and_loads_what_searches(page: Page, served: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(served.url)))
    policies = {}
    for path in ("/", "/there-never-was-a-funnel/", "/docs/", "/search/"):
        page.goto(served.url + path)
        policies[path] = page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert [path for path, policy in policies.items() if "wasm-unsafe-eval" in policy] == ["/search/"]
    assert [path for path in asked if "pagefind" in path] == []
    page.keyboard.type("reader")
    expect(page.locator("[data-search-status]")).to_contain_text("for “reader”")
    assert any("pagefind.js" in path for path in asked)


def test_the_error_page_knows_what_was_meant(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/docs/frist-post/")
    expect(page.get_by_role("heading", name="Did you mean one of these?")).to_be_visible()
    assert page.locator("[data-nearest] a").first.inner_text() == "Your first post"
    page.locator("main form button").click()
    assert page.url == f"{served.url}/search/?q=docs+frist+post"


def test_without_javascript_the_page_says_so_and_leads_on(chromium: Browser, served: Served) -> None:
    with opened(chromium, java_script_enabled=False) as page:
        page.goto(f"{served.url}/docs/")
        page.get_by_label("Search the docs").fill("funnel")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{served.url}/search/?q=funnel&in=docs")
        assert "JavaScript, which is switched off" in page.locator("main").inner_text()
        expect(page.locator("[data-search]")).to_be_hidden()
        page.get_by_role("link", name="All articles, by date").click()
        expect(page.locator("h1")).to_have_text("Archives")
