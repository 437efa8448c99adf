"""The report in Chromium, opened from the disk: no server, no script; by eye, ear, keyboard, finger, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.axe import violations
from browser.kinds import SCHEMES, opened
from browser.test_every_page import FOCUSED, REACHABLE
from journeys import a_year
from milepost.journeys.report import write

pytestmark = pytest.mark.browser
PAGES = ("index", "obstacles", "to-order")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shown") / "report"
    write(a_year.measured(tmp_path_factory)[1], out)
    return out


@contextmanager
def quiet(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page of which nothing was said on the console, which is where a policy complains."""
    said: list[str] = []
    with opened(browser, **options) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
    assert said == []


SHOWN = [
    ("index", "light", 1440), ("index", "dark", 375), ("obstacles", "dark", 1440),
    *(
        pytest.param(name, scheme, width, marks=pytest.mark.long)
        for name, scheme, width in product(PAGES, SCHEMES, (375, 768, 1440))
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "scheme", "width"), SHOWN)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    chromium: Browser, folder: Path, name: str, scheme: Literal["light", "dark"], width: int
) -> None:
    # Not quiet: axe asks for the stylesheet itself, which the policy refuses.
    with opened(chromium, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        page.goto(f"{folder.as_uri()}/{name}.html")
        # Open, as a reader would have them one after another.
        page.evaluate("document.querySelectorAll('.view').forEach(it => { it.name = ''; it.open = true })")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_the_first_screen_are_objectives_and_the_three_obstacles(chromium: Browser, folder: Path) -> None:
    with quiet(chromium, viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{folder.as_uri()}/index.html")
        tops = "its => its.map(it => it.getBoundingClientRect().top)"
        assert max(page.locator("#objectives, .objective:first-of-type .facts").evaluate_all(tops)) < 900
        obstacles = page.locator(".first .obstacle h3").evaluate_all(tops)
        assert (len(obstacles), obstacles[1] < 900, obstacles[2] < 1100) == (3, True, True)


def test_what_a_number_means_is_told_by_pointer_keyboard_and_finger_without_a_script(
    chromium: Browser, folder: Path
) -> None:
    with quiet(chromium, java_script_enabled=False, viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{folder.as_uri()}/index.html")
        term = page.locator(".facts .term").first
        tip = term.locator(".tip")
        expect(tip).to_be_hidden()
        term.hover()
        expect(tip).to_be_visible()
        page.mouse.move(0, 0)
        expect(tip).to_be_hidden()
        page.keyboard.press("Tab")
        while not page.locator(".term:focus").count():
            page.keyboard.press("Tab")
        expect(page.locator(".term:focus .tip")).to_be_visible()
        box = page.locator(".term:focus .tip").bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 1440 and box["y"] >= 0
    with quiet(chromium, java_script_enabled=False, viewport={"width": 375, "height": 800}, has_touch=True) as page:
        page.goto(f"{folder.as_uri()}/index.html")
        page.locator(".facts .term").first.tap()
        assert page.url.endswith("#means-actual")
        expect(page.locator("#means-actual")).to_be_in_viewport()


def test_a_click_on_a_surface_unfolds_it_without_a_script(chromium: Browser, folder: Path) -> None:
    with quiet(chromium, java_script_enabled=False, viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{folder.as_uri()}/index.html")
        unfolded = page.locator("#map-signup-of-1")
        expect(unfolded).to_be_hidden()
        page.locator('#map-signup-surface a[href="#map-signup-of-1"] rect').first.click()
        expect(unfolded).to_be_visible()
        expect(unfolded).to_contain_text("Start here")
        unfolded.locator(".behind summary").click()
        expect(unfolded.locator("table")).to_be_visible()
        page.get_by_text("By topic", exact=True).first.click()
        expect(page.locator("#map-signup-topic")).to_be_visible()
        expect(unfolded).to_be_hidden()
        page.locator("nav.others a").click()
        assert page.url.endswith("/to-order.html")
        expect(page.locator("h1")).to_have_text("Journeys to order")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(chromium: Browser, folder: Path) -> None:
    with quiet(chromium, viewport={"width": 1440, "height": 900}, reduced_motion="reduce") as page:
        page.goto(f"{folder.as_uri()}/obstacles.html")
        wanted, steps = page.evaluate(REACHABLE), []
        page.keyboard.press("Tab")
        while (at := page.evaluate(FOCUSED)) and at != "seen" and len(steps) <= wanted + 30:
            steps.append(at)
            page.keyboard.press("Tab")
        assert [at["what"] for at in steps if not at["ring"] or not at["seen"]] == []
        assert sum(at["press"] for at in steps) == wanted > 20


def test_on_paper_the_mark_and_every_open_picture_are_there(chromium: Browser, folder: Path) -> None:
    with quiet(chromium, viewport={"width": 1000, "height": 900}) as page:
        page.goto(f"{folder.as_uri()}/index.html")
        page.emulate_media(media="print")
        expect(page.locator(".synthetic")).to_be_visible()
        assert page.locator(".synthetic").evaluate("it => getComputedStyle(it).position") == "fixed"
        shown = page.locator(".burnup, #map-signup-surface .sankey, .calendar").evaluate_all(
            "its => its.map(it => it.getBoundingClientRect()).filter(it => it.width > 300 && it.right <= innerWidth)"
            ".length"
        )
        assert shown == 4
        expect(page.locator(".files").first).to_be_hidden()
        expect(page.locator("#words")).to_be_visible()


def test_it_opens_within_a_second(chromium: Browser, folder: Path) -> None:
    with quiet(chromium) as page:
        took = []
        for _ in range(3):
            page.goto(f"{folder.as_uri()}/index.html")
            took.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    # It holds sums, not events: how many there were makes no difference.
    assert min(took) < 1000
    assert (folder / "index.html").stat().st_size < 1_000_000
