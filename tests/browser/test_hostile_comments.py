"""Hostile comments, fetched as Disqus would give them, built into a page, and opened in real Chromium."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from sites import ROOT, Site

sys.path.insert(0, str(ROOT / "tests/comments"))

from disqus_standin import StandIn, post, running, thread
from talking import FILES, environ
from vectors import VECTORS

from browser.discussing import Seen, published

pytestmark = pytest.mark.browser

# Everything in a page that runs, loads or looks like one of our own parts, by where it is.
INVENTORY = """() => {
  const every = [...document.querySelectorAll("*")];
  const within = [...document.querySelectorAll("#comments .comment *")];
  return {
    scripts: [...document.scripts].map((it) => it.src || it.type),
    handlers: every.flatMap((it) => [...it.attributes].map((a) => a.name)).filter((name) => name.startsWith("on")),
    bases: document.querySelectorAll("base, meta[http-equiv=refresh], iframe, object, embed, style").length,
    tags: [...new Set(within.map((it) => it.localName))].sort(),
    attributes: [...new Set(within.flatMap((it) => [...it.attributes].map((a) => `${it.localName} ${a.name}`)))].sort(),
    protocols: [...new Set(within.filter((it) => it.href).map((it) => it.protocol))].sort(),
    strays: document.querySelectorAll("#comments > ol > li > article").length,
    parts: document.querySelectorAll("[data-discussion], #disqus_thread, #comments, [data-consent]").length,
  };
}"""
OURS = {"article", "header", "strong", "a", "time", "div"}
KEPT = {"p", "br", "em", "strong", "i", "b", "code", "pre", "blockquote", "a", "ul", "ol", "li"}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seen, Site]]:
    folder = tmp_path_factory.mktemp("hostile")
    site = Site(folder / "site").write(FILES)
    site.output.mkdir()
    with running(folder) as standin, published(site.output) as seen:
        hostile(standin)
        done = site.milepost("comments", "fetch", env=environ(standin))
        assert done.returncode == 0, done.stderr
        built = site.pelican(SITEURL=seen.url)
        assert built.returncode == 0, built.stderr
        yield seen, site


def hostile(standin: StandIn) -> None:
    """Every vector once as a message, and once as the name of whoever wrote it."""
    standin.threads = [thread(1, identifiers=("blog/first-post",), posts=2 * len(VECTORS), title=VECTORS[0])]
    for number, vector in enumerate(VECTORS):
        standin.posts += [
            post(2 * number + 1, 1, vector),
            post(2 * number + 2, 1, "<p>Mine</p>", author={"name": vector[:200]}),
        ]


def test_there_are_enough_of_them() -> None:
    assert len(set(VECTORS)) >= 100


def test_hostile_comments_add_nothing_that_runs_or_loads(chromium: Browser, attacked: tuple[Seen, Site]) -> None:
    seen, _ = attacked
    page = chromium.new_page()
    told: list[str] = []
    away: list[str] = []
    page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda it: away.append(it.url) if not it.url.startswith((seen.url, "data:")) else None)
    page.goto(f"{seen.url}/second-post/")
    ours = page.evaluate(INVENTORY)
    page.goto(f"{seen.url}/first-post/")
    page.wait_for_timeout(500)
    found = page.evaluate(INVENTORY)
    assert found["scripts"] == ours["scripts"]
    assert len(found["scripts"]) == 3
    assert (found["handlers"], found["bases"], found["parts"]) == ([], 0, ours["parts"])
    assert found["strays"] == 2 * len(VECTORS)
    assert set(found["tags"]) <= OURS | KEPT
    assert set(found["attributes"]) <= {
        "a href", "a rel", "article class", "article id", "div class", "header class", "time datetime",
    }  # fmt: skip
    assert set(found["protocols"]) <= {"http:", "https:"}
    assert (told, away) == ([], [])
    page.close()


def test_hostile_comments_break_no_feed_and_no_structured_data(chromium: Browser, attacked: tuple[Seen, Site]) -> None:
    seen, site = attacked
    page = chromium.new_page()
    page.goto(f"{seen.url}/first-post/")
    told = page.evaluate("() => JSON.parse(document.querySelector('[type=\"application/ld+json\"]').textContent)")
    posting = next(thing for thing in told["@graph"] if thing["@type"] == "BlogPosting")
    assert (posting["commentCount"], len(posting["comment"])) == (2 * len(VECTORS), 100)
    feed = (site.output / "comments/first-post.atom.xml").read_text()
    parsed = page.evaluate(
        """(text) => {
          const feed = new DOMParser().parseFromString(text, "text/xml");
          return [feed.querySelectorAll("parsererror").length, feed.querySelectorAll("entry").length,
            [...feed.querySelectorAll("content")].filter((it) => {
              const html = new DOMParser().parseFromString(it.textContent, "text/html");
              return html.querySelector("script, img, svg, iframe, style, [onerror], [onload], [onclick]");
            }).length];
        }""",
        feed,
    )
    assert parsed == [0, 50, 0]
    page.close()
