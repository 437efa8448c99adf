"""How pages are read on wide screens, on paper, in the reader's own colours, with more contrast, and without motion."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from browser.compressed import Compressed
from browser.kinds import opened
from sites import NO_ABOUT, Site, article

pytestmark = pytest.mark.browser

WORDS = "Nobody reads a page in the order in which it was written, and few read all of it. " * 4
TEXT = f"""\
{WORDS}[^1][^2][^3]

> A sentence lifted out.
> {{: .pull}}

| a | b |
|---|---|
| 1 | {"wide " * 30} |

{WORDS}[^4][^5] [Elsewhere](https://elsewhere.example/page)

/// note | Mind this
{WORDS}
///

{WORDS}[^6][^7][^8][^9]

{WORDS * 3}
"""
NOTES = "\n\n".join(f"[^{n}]: What is to be said of it, number {n}, in a note of some length." for n in range(1, 11))
FILES: dict[str, str | bytes] = {
    "content/articles/nine.md": article("Nine", 1, f"{TEXT}\n{NOTES[: NOTES.index('[^10]')]}"),
    "content/articles/ten.md": article("Ten", 2, f"{TEXT}\n{WORDS}[^10]\n\n{NOTES}"),
}
NOTE_BOXES = "[...document.querySelectorAll('.footnote li')].map(it => it.getBoundingClientRect().toJSON())"
MARK_BOXES = "[...document.querySelectorAll('[data-note]')].map(it => it.getBoundingClientRect().toJSON())"
RIGHT_OF_TEXT = """Math.max(...[...document.querySelectorAll(".prose > :not(.footnote)")]
  .map(it => it.getBoundingClientRect().right))"""
SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const it of list.getEntries()) sum += it.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""
LOOK = """(name) => { const it = getComputedStyle(document.querySelector(name));
  return { display: it.display, color: it.color, background: it.backgroundColor,
           edge: it.borderBottomWidth + " " + it.borderBottomStyle, line: it.borderBottomColor } }"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root: Path = tmp_path_factory.mktemp("ways")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=str(root / "output"))) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        done = Site(root, f"{NO_ABOUT}\nSITEURL = {address!r}\nCOMMENTS_FORUM = ''").write(FILES).milepost("build")
        assert done.returncode == 0, done.stdout + done.stderr
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address
        server.shutdown()


def look(page: Page, name: str) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(LOOK, name)
    return found


def at_the_end(page: Page) -> bool:
    boxes, marks = page.evaluate(NOTE_BOXES), page.evaluate(MARK_BOXES)
    last = max(mark["bottom"] for mark in marks)
    return all(box["top"] > last for box in boxes)


@pytest.mark.parametrize("width", [1152, 1440])
def test_notes_stand_beside_the_lines_that_speak_of_them_without_a_script(
    chromium: Browser, url: str, width: int
) -> None:
    with opened(chromium, viewport={"width": width, "height": 900}, java_script_enabled=False) as page:
        page.goto(f"{url}/nine/")
        notes, marks, right = page.evaluate(NOTE_BOXES), page.evaluate(MARK_BOXES), page.evaluate(RIGHT_OF_TEXT)
        heard = page.locator(".footnote").aria_snapshot()
        wide = page.evaluate("document.documentElement.scrollWidth")
    assert [round(notes[n]["top"] - marks[n]["top"]) for n in (0, 3, 5)] == [0, 0, 0]
    assert [(upper["bottom"] < lower["top"]) for upper, lower in pairwise(notes)] == [True] * 8
    assert all(right < note["left"] and note["right"] <= width and note["width"] >= 180 for note in notes)
    assert (wide, heard.count("listitem"), heard.count("↩")) == (width, 9, 9)


def test_notes_leave_the_contents_where_they_are_and_move_nothing(chromium: Browser, url: str) -> None:
    with opened(chromium, viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{url}/nine/")
        assert page.evaluate(SHIFT) == 0
        page.locator(".footnote-ref").nth(4).click()
        assert page.locator(".footnote li").nth(4).evaluate("it => it.matches(':target')")
        assert page.evaluate("(it => it.top >= 0 && it.bottom <= innerHeight)(" + NOTE_BOXES + "[4])")


def test_more_notes_than_nine_narrow_screens_and_paper_keep_them_at_the_end(chromium: Browser, url: str) -> None:
    found: dict[str, bool] = {}
    with opened(chromium, viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{url}/ten/")
        found["ten"] = at_the_end(page)
        page.goto(f"{url}/nine/")
        found["nine"] = at_the_end(page)
        page.set_viewport_size({"width": 1100, "height": 900})
        found["narrow"] = at_the_end(page)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(media="print")
        found["paper"] = at_the_end(page)
    assert found == {"ten": True, "nine": False, "narrow": True, "paper": True}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_has_the_text_alone_black_on_white_and_where_links_lead(chromium: Browser, url: str, scheme: Any) -> None:
    with opened(chromium, viewport={"width": 700, "height": 900}, color_scheme=scheme) as page:
        page.goto(f"{url}/nine/")
        page.emulate_media(media="print")
        gone = [
            look(page, name)["display"] for name in (".site-nav", ".closing", ".site-footer", ".neighbours", ".skip")
        ]
        ink, paper = look(page, ".prose > p")["color"], look(page, "html")["background"]
        link = page.locator(".prose a[href^='https://elsewhere']").evaluate(
            "it => getComputedStyle(it, '::after').content"
        )
        kept = page.locator("h1").is_visible() and page.locator(".byline").is_visible()
        sheets = page.pdf(format="A4")
    assert (gone, ink, paper, kept) == (["none"] * 5, "rgb(0, 0, 0)", "rgb(255, 255, 255)", True)
    assert "https://elsewhere.example/page" in link
    assert sheets.startswith(b"%PDF-")


def test_forced_colours_keep_what_a_ground_or_fill_alone_would_tell(chromium: Browser, url: str) -> None:
    with opened(chromium, viewport={"width": 1440, "height": 900}, forced_colors="active", color_scheme="dark") as page:
        page.goto(f"{url}/nine/")
        paper = look(page, "html")["background"]
        seen = {
            name: look(page, name)["edge"] != "0px none" and look(page, name)["line"] != paper
            for name in (".closing button", ".closing input", ".site-nav a[aria-current]", "th", ".tags a")
        }
        mark = page.locator(".mark").first.evaluate("it => getComputedStyle(it).fill")
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        note = page.locator(".admonition").evaluate("it => parseFloat(getComputedStyle(it).borderInlineStartWidth) > 0")
    assert seen == dict.fromkeys(seen, True)
    assert (mark != paper, ring, note) == (True, "solid", True)


def test_who_asks_for_more_contrast_gets_no_grey(chromium: Browser, url: str) -> None:
    with opened(chromium) as page:
        page.goto(f"{url}/nine/")
        before = (look(page, ".article-header .meta")["color"], look(page, "td")["line"])
        page.emulate_media(contrast="more")
        after, ink = (look(page, ".article-header .meta")["color"], look(page, "td")["line"]), look(page, "h1")["color"]
    assert (before[0] != ink, after[0] == ink, before[1] != after[1]) == (True, True, True)


@pytest.mark.parametrize(("asked", "expected"), [("reduce", ["auto"]), ("no-preference", ["smooth"])])
def test_who_asks_for_no_motion_gets_none(chromium: Browser, url: str, asked: Any, expected: list[str]) -> None:
    with opened(chromium, reduced_motion=asked) as page:
        page.goto(f"{url}/nine/")
        moving = page.evaluate(
            "[...document.querySelectorAll('*')].filter(it => getComputedStyle(it).transitionDuration !== '0s' ||"
            " getComputedStyle(it).animationName !== 'none').length"
        )
        scrolling = page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")
    assert (moving, [scrolling]) == (0, expected)
