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
    head = "Image: /images/a.webp\nImage_alt: A road\nComments: closed\nSummary:"
    files: dict[str, str | bytes] = {
        **{f"content/articles/{n}.md": article(f"Article {n}", n, "## Part\n\n" + PARAGRAPH * 9) for n in range(1, 5)},
        "content/articles/5.md": article("Weighed", 5, "## One\n\n" + PARAGRAPH * 8).replace("Summary:", head),
        "content/articles/6.md": article("Coded", 6, "``` python\nprint(1)\n```\n\n" + PARAGRAPH),
        "content/authors/ada.md": "Name: Ada Sample\nRole: Editor\n\nA sample.\n",
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


def test_with_code_and_comments_all_scripts_are_still_4_kb(chromium: Browser, url: str) -> None:
    scripts: dict[str, int] = {}
    with opened(chromium) as page:
        page.goto(f"{url}/coded/", wait_until="networkidle")
        for address in page.evaluate("[...document.scripts].map(it => it.src).filter(Boolean)"):
            answer = page.request.get(address)
            scripts[address.rpartition("/")[2].partition(".")[0]] = int(answer.headers["content-length"])
        assert page.locator(".copy").count() == 1
    assert sorted(scripts) == ["comments", "copy", "journey", "site"]
    assert 0 < sum(scripts.values()) <= 4 * KB, scripts


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
