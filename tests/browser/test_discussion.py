"""Joining a discussion in real Chromium: nothing of Disqus before the click, its frame after it."""

from __future__ import annotations

import gzip
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect, sync_playwright

from browser.conftest import QUIET
from browser.discussing import FORUM, Seen, disqus, published
from milepost.comments import snapshot
from milepost.comments.model import Post, Snapshot, Thread
from sites import ROOT, Site, article

pytestmark = pytest.mark.browser

WHEN = datetime(2026, 1, 2, 9, tzinfo=UTC)
SAID = Post(id="7", parent=None, author="Rita Reader", at=WHEN, message="<p>Is it <em>true</em>?</p>", deleted=False)
REPLY = SAID.model_copy(update={"id": "8", "parent": "7", "author": "Ben Sample", "message": "<p>It is.</p>"})
THREAD = Thread(id="1", identifiers=("blog/first-post",), link="", title="", closed=False, posts=(SAID, REPLY))
ARTICLE = "/first-post/"
STATIC = ROOT / "plugins/milepost/comments/static"


@pytest.fixture(scope="module")
def embed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with disqus(tmp_path_factory.mktemp("embed")) as seen:
        yield seen


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    made = Site(tmp_path_factory.mktemp("discussed") / "site").write(
        {
            "content/articles/a.md": article('First "post"', body="Hello.\n\n" * 40).replace(
                "Tags:", "Slug: first-post\nTags:"
            ),
            "content/articles/b.md": article("Second", 2).replace("Tags:", "Comments: closed\nTags:"),
            "content/pages/privacy.md": "Title: Privacy\nSlug: privacy\n\n## Choices { #choices }\n\nYours.\n",
        }
    )
    snapshot.write(made.root / "content/comments.json", Snapshot(forum=FORUM, fetched=WHEN, threads=(THREAD,)))
    made.output.mkdir()
    with published(made.output) as seen:
        built = made.pelican(SITEURL=seen.url)
        assert built.returncode == 0, built.stderr
        yield seen


@pytest.fixture(scope="module")
def browser(embed: Seen) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if not path:
        pytest.skip("chromium is not installed: `apt install chromium`")
    rules = f"--host-resolver-rules=MAP disqus.com {embed.url},MAP *.disqus.com {embed.url}"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=[*QUIET, rules, "--ignore-certificate-errors"])
        yield made
        made.close()


@pytest.fixture
def context(browser: Browser, embed: Seen, site: Seen) -> Iterator[BrowserContext]:
    for seen in (embed, site):
        seen.asked.clear()
        seen.bodies.clear()
    made = browser.new_context(viewport={"width": 800, "height": 900})
    yield made
    made.close()


def within(page: Page) -> FrameLocator:
    """What Disqus shows, in its frame, in our frame, in the article."""
    return page.frame_locator(".join iframe").frame_locator("#disqus_thread iframe")


def test_nothing_is_asked_of_disqus_before_the_click_and_its_frame_is_there_after(
    context: BrowserContext, site: Seen, embed: Seen
) -> None:
    page = context.new_page()
    faults: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(site.url + ARTICLE)
    page.mouse.wheel(0, 5000)
    page.get_by_role("link", name="Join the discussion").hover()
    page.wait_for_timeout(500)
    assert embed.asked == []
    assert [url for url in requests if not url.startswith((site.url, "data:"))] == []
    assert page.locator("iframe").count() == 0

    page.get_by_role("link", name="Join the discussion").click()
    expect(within(page).get_by_text("Disqus is here.")).to_be_visible()
    script, frame = embed.asked
    assert script.startswith(f"https://{FORUM}.disqus.com/embed.js")
    told = {name: value for name, [value] in parse_qs(urlsplit(frame).query).items()}
    assert told == {
        "url": site.url + ARTICLE, "identifier": "blog/first-post", "title": 'First "post"', "scheme": "light",
    }  # fmt: skip
    assert faults == []
    assert page.url == site.url + ARTICLE


def test_the_frame_has_room_from_the_start_and_grows_with_what_is_in_it(context: BrowserContext, site: Seen) -> None:
    page = context.new_page()
    page.goto(site.url + ARTICLE)
    page.get_by_role("link", name="Join the discussion").click()
    frame = page.locator(".join iframe")
    first = frame.bounding_box()
    assert first and first["height"] >= 500
    expect(within(page).get_by_text("Disqus is here.")).to_be_visible()
    inner = page.frames[1]
    inner.evaluate("document.querySelector('#disqus_thread iframe').height = 3000")
    expect(frame).to_have_attribute("height", re.compile("30.."))
    page.evaluate("postMessage({ height: 20 }, '*')")
    page.wait_for_timeout(100)
    assert int(frame.get_attribute("height") or 0) >= 3000
    for hidden in (".site-header", ".closing", ".site-footer", "h1", "[data-consent]"):
        expect(page.frame_locator(".join iframe").locator(hidden).first).to_be_hidden()


def test_a_change_of_theme_starts_disqus_again(context: BrowserContext, site: Seen, embed: Seen) -> None:
    page = context.new_page()
    page.goto(site.url + ARTICLE)
    page.get_by_role("link", name="Join the discussion").click()
    expect(within(page).get_by_text("Disqus is here.")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    schemes = [parse_qs(urlsplit(asked).query)["scheme"] for asked in embed.asked[1:]]
    assert schemes == [["light"], ["dark"]]
    assert parse_qs(urlsplit(embed.asked[-1]).query)["identifier"] == ["blog/first-post"]


def test_opening_it_is_one_event_of_the_article_and_the_frame_is_no_page_view(
    context: BrowserContext, site: Seen
) -> None:
    began = datetime.now(UTC).isoformat()

    def told(type_: str) -> list[str]:
        """Where it happened; without what the page of an earlier test says when it is closed."""
        return [event["touchpoint"] for event in site.events(type_) if event["at"] >= began[:23]]

    page = context.new_page()
    page.goto(site.url + ARTICLE)
    page.get_by_role("link", name="Join the discussion").click()
    expect(within(page).get_by_text("Disqus is here.")).to_be_visible()
    page.goto(site.url + "/second/")
    deadline = time.monotonic() + 10
    while not (told("comment") and len(told("view")) > 1) and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert told("comment") == ["blog/first-post"]
    assert told("view") == ["blog/first-post", "blog/second"]


def test_comments_are_read_without_javascript_and_the_way_to_write_says_what_it_needs(
    browser: Browser, site: Seen, embed: Seen
) -> None:
    embed.asked.clear()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url + ARTICLE)
    expect(page.locator("#comment-7 .comment-body")).to_have_text("Is it true?")
    expect(page.locator("#comment-7 + ol #comment-8 strong")).to_have_text("Ben Sample")
    expect(page.locator("#comments-title")).to_have_text("2 comments")
    page.get_by_role("link", name="Join the discussion").click()
    expect(page.get_by_role("heading", name="Discussion")).to_be_visible()
    expect(page.get_by_text("needs JavaScript")).to_be_visible()
    assert embed.asked == []
    context.close()


def test_by_itself_the_discussion_waits_for_its_own_button(context: BrowserContext, site: Seen, embed: Seen) -> None:
    page = context.new_page()
    page.goto(f"{site.url}/comments/discussion/?article={ARTICLE}")
    expect(page.get_by_role("link", name='First "post"')).to_have_attribute("href", site.url + ARTICLE)
    page.wait_for_timeout(300)
    assert embed.asked == []
    page.get_by_role("button", name="Join the discussion").click()
    expect(page.frame_locator("#disqus_thread iframe").get_by_text("Disqus is here.")).to_be_visible()
    assert parse_qs(urlsplit(embed.asked[1]).query)["identifier"] == ["blog/first-post"]


@pytest.mark.parametrize(
    "asked",
    ["", "?article=", "?article=//evil.example/", "?article=/%5Cevil.example/", "?article=https://evil.example/",
     "?article=/about/", "?article=javascript:alert(1)", "?article=/second/"],
)  # fmt: skip
def test_an_address_that_names_no_open_article_loads_nothing(
    context: BrowserContext, site: Seen, embed: Seen, asked: str
) -> None:
    page = context.new_page()
    away: list[str] = []
    page.on("request", lambda request: away.append(request.url) if not request.url.startswith(site.url) else None)
    page.goto(f"{site.url}/comments/discussion/{asked}")
    expect(page.get_by_text("This page opens from an article")).to_be_visible()
    expect(page.get_by_role("button", name="Join the discussion")).to_be_hidden()
    assert [url for url in away if not url.startswith("data:")] == []
    assert embed.asked == []


def test_disqus_that_is_kept_away_is_said(context: BrowserContext, site: Seen) -> None:
    context.route("**/embed.js", lambda route: route.abort())
    page = context.new_page()
    page.goto(site.url + ARTICLE)
    page.get_by_role("link", name="Join the discussion").click()
    expect(page.frame_locator(".join iframe").get_by_text("Disqus could not be reached")).to_be_visible()


def test_the_script_of_the_discussion_is_small(site: Seen) -> None:
    assert len(gzip.compress((STATIC / "discussion.v1.js").read_bytes(), 9)) < 1400


def test_pages_without_a_discussion_ask_for_no_script_of_it(context: BrowserContext, site: Seen) -> None:
    page = context.new_page()
    for path in ("/", "/second/", "/privacy/"):
        page.goto(site.url + path)
    assert [path for path in site.asked if "comments" in path or "discussion" in path] == []
