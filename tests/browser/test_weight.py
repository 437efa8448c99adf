"""What an article with a picture weighs and asks for, published, served compressed, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response

from browser.compressed import Compressed
from browser.kinds import opened
from sites import ROOT, Site, article

pytestmark = pytest.mark.browser

KB = 1024
PARAGRAPH = "Nobody reads a page in the order in which it was written, and few read all of it. " * 5 + "\n\n"
SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const it of list.getEntries()) sum += it.value; })
    .observe({ type: "layout-shift", buffered: true });
  let at = 0;
  const step = () => {
    scrollTo(0, at += 400);
    if (at < document.documentElement.scrollHeight) setTimeout(step, 60); else setTimeout(() => done(sum), 300);
  };
  step();
})"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root: Path = tmp_path_factory.mktemp("weight")
    picture = (ROOT / "content/images/there-never-was-a-funnel.webp").read_bytes()
    head = "Image: /images/a.webp\nImage_alt: A road\n"
    code = "``` python\nprint(1)\n```\n\n"
    files: dict[str, str | bytes] = {
        **{f"content/articles/{n}.md": article(f"Article {n}", n, "## Part\n\n" + PARAGRAPH * 9) for n in range(1, 5)},
        "content/articles/5.md": article("Weighed", 5, "## One\n\n" + PARAGRAPH * 8).replace(
            "Summary:", f"{head}Comments: closed\nSummary:"
        ),
        "content/articles/6.md": article("Coded", 6, code + PARAGRAPH * 8).replace("Summary:", f"{head}Summary:"),
        "content/authors/ada.md": "Name: Ada Sample\nRole: Editor\nPhoto: images/ada.svg\n\nA sample.\n",
        "content/images/ada.svg": (ROOT / "content/images/authors/ada-sample.svg").read_bytes(),
        "content/images/a.webp": picture,
        "content/pages/about.md": "Title: About\nSlug: about\nSummary: Who we are.\n\nWe.\n",
        "content/pages/privacy.md": "Title: Privacy\nSlug: privacy\nSummary: Yours.\n\n## Choices\n\nYours.\n",
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=str(root / "output"))) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        site = Site(root, f"SITEURL = {address!r}").write(files)
        done = site.milepost("build", "--strict")
        assert done.returncode == 0, done.stdout + done.stderr
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address
        server.shutdown()


@pytest.mark.parametrize("width", [375, 1440])
def test_an_article_is_light_and_asks_nobody_else(chromium: Browser, url: str, width: int) -> None:
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    with opened(chromium, viewport={"width": width, "height": 800}) as page:
        page.on("response", note)
        page.goto(f"{url}/weighed/", wait_until="networkidle")
        words = len(page.locator(".prose").inner_text().split())
        sizes = {one.url: one.request.sizes()["responseBodySize"] for one in answers}
    by_kind = {
        kind: sum(sizes[one.url] for one in answers if one.request.resource_type == kind)
        for kind in ("document", "stylesheet", "script", "font")
    }
    assert 600 <= words <= 800
    assert by_kind["document"] <= 8 * KB
    assert 0 < by_kind["stylesheet"] <= 8 * KB
    assert 0 < by_kind["script"] <= 4 * KB
    assert by_kind["font"] == 0
    assert [one for one in sizes if not one.startswith(url)] == []
    assert len(answers) <= 6, sorted(sizes)
    assert len([one for one in answers if one.request.resource_type == "stylesheet"]) == 1


def test_code_open_comments_a_picture_and_a_portrait_take_six_requests_and_no_third_party(
    chromium: Browser, url: str
) -> None:
    asked: list[tuple[str, str]] = []
    with opened(chromium, viewport={"width": 1440, "height": 800}) as page:
        page.on("request", lambda request: asked.append((request.method, request.url)))
        page.goto(f"{url}/coded/", wait_until="networkidle")
        to_load = list(asked)
        page.locator(".portrait").first.scroll_into_view_if_needed()
        page.locator(".portrait").first.evaluate("it => it.decode()")
        parts = [page.locator(part).count() for part in (".highlight .copy", "[data-open]", ".article-picture img")]
        scripts = {
            it: page.request.get(it) for it in page.evaluate("[...document.scripts].flatMap(it => it.src || [])")
        }
    weights = {
        one.rpartition("/")[2].partition(".")[0]: int(it.headers["content-length"]) for one, it in scripts.items()
    }
    assert parts == [1, 1, 1]
    assert [address for _, address in asked if not address.startswith(f"{url}/")] == []
    # What the journey script tells is counted too; read to the portrait, it is six files.
    assert len(to_load) <= 6, to_load
    assert len([address for method, address in asked if method == "GET"]) <= 6, asked
    assert sorted(weights) == ["journey", "site"]
    assert 0 < sum(weights.values()) <= 4 * KB, weights


@pytest.mark.parametrize("width", [375, 1440])
def test_nothing_moves_while_it_is_read_to_its_end(chromium: Browser, url: str, width: int) -> None:
    with opened(chromium, viewport={"width": width, "height": 800}) as page:
        page.goto(f"{url}/weighed/")
        assert page.evaluate(SHIFT) == 0


def test_nothing_but_the_stylesheet_holds_up_the_page(chromium: Browser, url: str) -> None:
    with opened(chromium) as page:
        page.goto(f"{url}/weighed/", wait_until="networkidle")
        blocking = page.evaluate(
            "performance.getEntriesByType('resource').filter(it => it.renderBlockingStatus === 'blocking')"
            ".map(it => it.initiatorType)"
        )
    assert blocking == ["link"]
