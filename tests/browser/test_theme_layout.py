"""How the theme's pages stand in a real browser: widths, measure, requests, focus; without any script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sites import Site, article

pytestmark = pytest.mark.browser

LONG = "A word and then another one that makes a line long enough to be measured. " * 12
BODY = f"""\
{LONG}

| Surface | Views | People | Came back within a year | Converted in the end | Median silence | Another column |
|---------|-------|--------|-------------------------|----------------------|----------------|----------------|
| blog    | 1     | 2      | 3                       | 4                    | 5              | 6              |

``` python
{"value = " + " + ".join(["something_long"] * 20)}
```

An_unbroken_word_{"x" * 120}

![A picture](http://127.0.0.1/none.png){{ width=2400 height=1200 }}
"""
FILES: dict[str, str | bytes] = {
    **{f"content/articles/{n}.md": article(f"The post of day {n} has a long title", n, BODY) for n in range(1, 5)},
    "content/articles/long.md": article("Long", 5, "".join(f"## Part {n}\n\n{LONG * 2}\n\n" for n in range(1, 5))),
    "content/pages/about.md": f"Title: About\nSlug: about\n\n{BODY}",
    "content/pages/404.md": "Title: Not here\nTemplate: error\nSave_as: 404.html\nURL: 404.html\n\nTry these.\n",
    "only/only_assets.py": (
        "from pelican import signals\n\nfrom milepost.reading import assets, plugin\n\n\n"
        "def offer(generator):\n    generator.env.globals['contents_of'] = plugin.contents_of\n\n\n"
        "def register():\n    assets.connect()\n    signals.generator_init.connect(offer)\n"
    ),
}
MARKDOWN = {"extension_configs": {"markdown.extensions.extra": {}, "markdown.extensions.toc": {}}}
CONF = f"MARKDOWN = {MARKDOWN}\nPLUGIN_PATHS = ['only']\nPLUGINS = ['only_assets']\nDEFAULT_PAGINATION = 3"
PAGES = ("", "the-post-of-day-1-has-a-long-title/", "about/", "404.html", "author/ada-sample/", "archives/", "tags/")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a built site that uses the theme."""
    root: Path = tmp_path_factory.mktemp("layout")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root / "output"))) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        result = Site(root, f"{CONF}\nSITEURL = {address!r}").write(FILES).pelican()
        assert result.returncode == 0, result.stderr
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address
        server.shutdown()


@pytest.mark.parametrize("width", [320, 375, 768, 1440])
def test_no_page_is_wider_than_its_window(chromium: Browser, url: str, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    widths = {}
    for path in PAGES:
        page.goto(f"{url}/{path}")
        widths[path] = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert widths == dict.fromkeys(PAGES, width)


@pytest.mark.parametrize("width", [768, 1440])
def test_a_line_of_text_holds_60_to_75_characters(chromium: Browser, url: str, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{url}/{PAGES[1]}")
    # What a full line would hold, so that neither a ragged edge nor a short last line counts.
    a_line_holds = page.locator(".prose > p").first.evaluate(
        "p => { const text = document.createRange(); text.selectNodeContents(p);"
        " const wide = [...text.getClientRects()].reduce((sum, line) => sum + line.width, 0);"
        " return p.textContent.length * p.clientWidth / wide }"
    )
    page.close()
    assert 60 <= a_line_holds <= 75


def test_a_page_asks_for_one_stylesheet_and_breaks_no_rule_of_its_policy(chromium: Browser, url: str) -> None:
    page = chromium.new_page()
    asked: list[tuple[str, str]] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append((request.resource_type, request.url.removeprefix(url))))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{url}/archives/")
    page.close()
    assert [request for request in asked if request[0] in ("document", "stylesheet", "script", "font", "image")] == [
        ("document", "/archives/"),
        ("stylesheet", "/theme/css/style.css"),
        ("script", "/theme/js/site.js"),
    ]
    assert said == []


def test_the_first_tab_shows_the_way_past_the_header(chromium: Browser, url: str) -> None:
    page = chromium.new_page()
    page.goto(f"{url}/{PAGES[1]}")
    page.keyboard.press("Tab")
    skip = page.evaluate(
        "() => { const at = document.activeElement.getBoundingClientRect();"
        " return [document.activeElement.textContent, at.height >= 24 && at.width >= 24 && at.top >= 0] }"
    )
    page.keyboard.press("Enter")
    landed = page.evaluate("document.activeElement.id")
    page.close()
    assert (skip, landed) == (["Skip to the content", True], "main")


def test_what_can_be_pressed_is_at_least_24_pixels_high(chromium: Browser, url: str) -> None:
    page = chromium.new_page(viewport={"width": 375, "height": 800})
    small = {}
    for path in PAGES:
        page.goto(f"{url}/{path}")
        # Links within running text are excepted by the rule itself (WCAG 2.2, 2.5.8).
        small[path] = page.evaluate(
            "() => [...document.querySelectorAll('a, button, input:not([type=hidden])')]"
            ".filter(it => !it.closest('.skip, .prose p') && it.getBoundingClientRect().height < 23.5)"
            ".map(it => it.outerHTML)"
        )
    page.close()
    assert small == {path: [] for path in PAGES}


def test_the_contents_of_a_long_article_stay_beside_it_and_lead_to_its_parts(chromium: Browser, url: str) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 800}, reduced_motion="reduce")
    page.goto(f"{url}/long/")
    contents, text = page.locator("nav.contents"), page.locator(".prose > p").first
    at = contents.bounding_box()
    beside = text.bounding_box()
    assert at and beside and at["x"] + at["width"] <= beside["x"]
    contents.get_by_role("link", name="Part 3").click()
    there, heading = contents.bounding_box(), page.locator("#part-3").bounding_box()
    marked = [contents.locator("a:target-current").inner_text()]
    for part in (2, 4, 1):
        # As a wheel does, not by a link.
        page.evaluate(f"scrollBy(0, document.querySelector('#part-{part}').getBoundingClientRect().top)")
        expect(contents.locator("a:target-current")).to_have_text(f"Part {part}")
        shown = contents.get_by_role("link").evaluate_all(
            "links => links.filter(it => getComputedStyle(it).borderInlineStartColor !== 'rgba(0, 0, 0, 0)')"
            ".map(it => it.textContent)"
        )
        marked += shown
    page.set_viewport_size({"width": 375, "height": 800})
    narrow = contents.is_visible()
    page.goto(f"{url}/{PAGES[1]}")
    short = contents.count()
    page.close()
    assert there and heading
    assert (0 <= there["y"] < 100, 0 <= heading["y"] < 100, narrow, short) == (True, True, False, 0)
    assert marked == ["Part 3", "Part 2", "Part 4", "Part 1"]
