""" "Was this helpful?" and Web Vitals on a built page of the docs, in real Chromium with the theme's policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from threading import Thread
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.axe import violations
from browser.kinds import SCHEMES, opened
from serving import free_port
from sites import NO_ABOUT, Site

pytestmark = pytest.mark.browser


class Posts(list[dict[str, Any]]):
    """Every event that was posted."""

    def of(self, type_: str) -> list[Any]:
        return [event["data"] for event in self if event["type"] == type_]


@pytest.fixture(scope="module")
def posts() -> Posts:
    return Posts()


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory, posts: Posts) -> Iterator[str]:
    port = free_port()
    site = Site(tmp_path_factory.mktemp("docs"), f"{NO_ABOUT}\nTOUCHPOINT_VITALS = 1.0")
    site.write({"content/docs/index.md": "Title: Docs\n\nWords.\n"})
    built = site.pelican(SITEURL=f"http://127.0.0.1:{port}")
    assert built.returncode == 0, built.stdout + built.stderr

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(site.output))

        def do_POST(self) -> None:
            posts.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{port}/docs/"
        server.shutdown()


def left(page: Page) -> None:
    """Go elsewhere, and wait until what was to be told is told."""
    page.goto("about:blank")
    page.wait_for_timeout(300)


def test_an_answer_and_its_one_sentence_are_one_event(chromium: Browser, docs: str, posts: Posts) -> None:
    page = chromium.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(docs)
    form = page.locator("form.helpful")
    expect(form).to_be_visible()
    form.get_by_role("button", name="No").click()
    expect(form.get_by_label("What would have made it better?")).to_be_focused()
    page.keyboard.type("Say  which port.")
    page.keyboard.press("Enter")
    expect(form.get_by_text("Every answer is read")).to_be_focused()
    left(page)
    assert posts.of("helpful") == [{"answer": "no", "comment": "Say which port."}]
    page.goto(docs)
    form.get_by_role("button", name="Yes").click()
    left(page)
    assert posts.of("helpful")[1:] == [{"answer": "yes"}]
    assert (posts.of("form"), faults) == ([], [])
    page.close()


@pytest.mark.parametrize(
    ("scheme", "width"),
    [
        *product(SCHEMES, (375,)),
        *(pytest.param(scheme, width, marks=pytest.mark.long) for scheme, width in product(SCHEMES, (768, 1440))),
    ],
)
def test_axe_finds_nothing_in_the_form_before_while_and_after_it_is_answered(
    chromium: Browser, docs: str, scheme: Literal["light", "dark"], width: int
) -> None:
    with opened(chromium, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        page.goto(docs)
        form = page.locator("form.helpful")
        expect(form).to_be_visible()
        found = violations(page, "form.helpful")
        form.get_by_role("button", name="No").click()
        found += violations(page, "form.helpful")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        form.get_by_role("button", name="Send").click()
        expect(form.get_by_text("Every answer is read")).to_be_focused()
        assert found + violations(page, "form.helpful") == []


def test_how_fast_a_page_was_is_told_once_where_the_site_asks(chromium: Browser, docs: str, posts: Posts) -> None:
    page = chromium.new_page()
    posts.clear()
    page.goto(docs)
    page.wait_for_function("window.webVitals !== undefined")
    page.mouse.click(5, 5)
    page.wait_for_timeout(200)
    left(page)
    [data] = posts.of("vitals")
    assert 0 < data["lcp"] < 10_000
    assert set(data) <= {"lcp", "inp", "cls"}
    page.close()

    # A page that is not in the sample loads nothing of it.
    page, asked = chromium.new_page(), []
    page.add_init_script("Math.random = () => 1")
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.goto(docs)
    page.wait_for_timeout(200)
    assert ("journey.v1.js" in asked, "vitals.v1.js" in asked) == (True, False)
    page.close()


def test_without_javascript_nothing_is_asked(chromium: Browser, docs: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(docs)
    assert not page.locator("form.helpful").is_visible()
    context.close()
