"""The newsletter as it is met in a browser: signing up within the page, an issue before and after it is sent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from browser.axe import RULES, violations
from browser.kinds import SCHEMES, WIDTHS, opened
from browser.test_whole_way import archived, subscribe
from milepost.newsletter.tokens import LIFE, Tokens
from serving import Served, serving
from sites import Site, article, png

pytestmark = pytest.mark.browser

LEAD = "Image: /images/a.png\nImage_alt: A square\nSummary:"
FILES: dict[str, str | bytes] = {
    "content/articles/first.md": article().replace("Summary:", LEAD),
    "content/authors/ada.md": "Name: Ada Sample\n\nWrites.\n",
    "content/pages/about.md": "Title: About\nSlug: about\nSummary: Who we are.\n\nWe.\n",
    "content/images/a.png": png(900, 500),
}
PICTURES = "[...document.images].map(it => [it.alt, it.complete && it.naturalWidth > 0])"
FOCUSED = {"type": "booleanOrUndefined", "value": True}
QUIET = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root: Path = tmp_path_factory.mktemp("letters")
    site = Site(root / "site").write(FILES)
    site.settings_file  # noqa: B018  written when asked for
    with serving(site.root, root / "var", "sh", "-c", 'exec milepost serve --port "$PORT"') as running:
        yield running


@pytest.fixture(scope="module")
def issue(served: Served) -> str:
    """An issue that was sent to a reader, and has its page."""
    served.milepost("newsletter", "issue")
    return f"{datetime.now(UTC):%Y-%m-%d}"


def sign_up(page: Page, address: str) -> None:
    page.get_by_label("Your mail address").fill(address)
    page.get_by_role("button", name="Subscribe").click()


def described(page: Page) -> str:
    """What a screen reader says of the field that has the focus, by Chromium's own reckoning."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    fields = [node for node in nodes if node.get("role", {}).get("value") == "textbox"]
    [field] = [node for node in fields if {"name": "focused", "value": FOCUSED} in node["properties"]]
    return str(field["description"]["value"])


def test_a_signup_is_answered_on_its_page_the_same_for_everybody(chromium: Browser, served: Served) -> None:
    said, faults = [], []
    with opened(chromium, viewport={"width": 375, "height": 800}) as page:
        page.add_init_script(QUIET)
        page.on("console", lambda message: faults.append(message.text))
        page.goto(f"{served.url}/first-post/")
        answer, field = page.locator("output#signup"), page.get_by_label("Your mail address")
        assert answer.bounding_box() == {**(answer.bounding_box() or {}), "height": 0}
        for _ in range(2):
            sign_up(page, "reader@example.org")
            expect(answer).to_have_role("status")
            expect(answer).to_contain_text("Please look into your mail. We have sent you a mail.")
            said.append(answer.inner_text())
            expect(field).to_have_value("")
        assert said[0] == said[1]
        assert page.url == f"{served.url}/first-post/"
        assert violations(page) == []
        assert faults == []

        # What a browser lets pass, and no mail server would.
        sign_up(page, "reader@example")
        expect(answer).to_have_role("alert")
        expect(answer).to_contain_text("That is no mail address.")
        expect(field).to_be_focused()
        assert described(page) == answer.inner_text()
        assert (field.get_attribute("aria-invalid"), field.input_value()) == ("true", "reader@example")
        assert violations(page) == []
        sign_up(page, "other@example.org")
        expect(answer).to_have_role("status")
        assert (answer.inner_text(), field.get_attribute("aria-invalid")) == (said[0], "false")


def test_a_reader_chooses_on_pages_that_change_nothing_when_they_are_opened(chromium: Browser, served: Served) -> None:
    zone, weekly = "Your time zone, for the mornings", "Once a week, on Monday morning"
    with opened(chromium, timezone_id="Asia/Tokyo") as page:
        page.add_init_script(QUIET)
        page.goto(f"{served.url}/first-post/")
        sign_up(page, "choosy@example.org")
        page.goto(mail_to(page, served, "choosy@example.org", "confirm"))
        expect(page.get_by_label(zone)).to_have_value("Asia/Tokyo")
        page.get_by_label(weekly).check()
        assert violations(page) == []
        page.reload()
        expect(page.get_by_label("Each article, when it appears")).to_be_checked()
        page.get_by_label(weekly).check()
        page.get_by_role("button", name="Yes, subscribe me").click()
        page.get_by_role("link", name="change at any time").click()
        expect(page.get_by_label(weekly)).to_be_checked()
        assert violations(page) == []
        with page.expect_download() as downloading:
            page.get_by_role("button", name="Download it").click()
        [kept] = json.loads(downloading.value.path().read_text())["subscriber"]
        assert (kept["state"], kept["rhythm"], kept["zone"]) == ("active", "weekly", "Asia/Tokyo")
        page.get_by_label("Yes, erase everything").check()
        page.get_by_role("button", name="Erase it").click()
        expect(page.locator("main h1")).to_have_text("Everything is erased")
        page.goto(page.url)
        expect(page.locator("main h1")).to_have_text("You are not subscribed")


def mail_to(page: Page, served: Served, address: str, purpose: str) -> str:
    """The link for `purpose` in the newest mail to an address."""
    page.goto(f"{served.url}/outbox/")
    while not page.get_by_text(address).count():
        page.wait_for_timeout(100)
        page.reload()
    page.locator("main tr").filter(has_text=address).first.locator("a").click()
    return page.locator(f'main a[href*="/newsletter/{purpose}/"]').first.get_attribute("href") or ""


def test_opening_any_link_of_a_mail_with_scripts_changes_no_row(chromium: Browser, served: Served) -> None:
    var = Path(served.env["MILEPOST_VAR"])

    def everything() -> list[str]:
        with closing(sqlite3.connect(var / "milepost.sqlite")) as connection:
            return list(connection.iterdump())

    with opened(chromium) as page:
        page.add_init_script(QUIET)
        page.goto(f"{served.url}/first-post/")
        sign_up(page, "scanned@example.org")
        expect(page.locator("output#signup")).to_have_role("status")
        mail_to(page, served, "scanned@example.org", "confirm")
        before = everything()
        [row] = [line for line in before if "scanned@example.org" in line]
        id_, tokens = int(row.partition("VALUES(")[2].partition(",")[0]), Tokens((var / "secret").read_bytes())
        for purpose in LIFE:
            answer = page.goto(f"{served.url}/newsletter/{purpose}/{tokens.make(purpose, id_)}")
            page.wait_for_load_state("networkidle")
            assert answer and answer.ok and page.locator("main form").count(), purpose
        assert everything() == before


def test_a_signup_that_cannot_be_answered_on_its_page_is_answered_by_one(chromium: Browser, served: Served) -> None:
    with opened(chromium) as page:
        page.add_init_script("window.fetch = () => Promise.reject(new TypeError('offline'))")
        page.goto(f"{served.url}/first-post/")
        sign_up(page, "plain@example.org")
        expect(page.locator("main h1")).to_have_text("Please look into your mail")
        assert page.url == f"{served.url}/newsletter/subscribe"


def test_an_issue_is_looked_at_in_frames_light_and_dark_whatever_the_browser_is(
    chromium: Browser, served: Served, issue: str
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    faults: list[str] = []
    with opened(chromium, viewport={"width": 1440, "height": 2400}, color_scheme="dark") as page:
        page.on("console", lambda message: faults.append(message.text))
        page.goto(f"{served.url}/newsletter/preview/{issue}/", wait_until="networkidle")
        frames = [frame for frame in page.frames if frame is not page.main_frame]
        seen = [(frame.evaluate("innerWidth"), frame.evaluate(ground)) for frame in frames]
        light, dark = "rgb(250, 252, 251)", "rgb(14, 22, 19)"
        assert seen == [(375, light), (375, dark), (1440, light), (1440, dark)]
        for frame in frames:
            assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert frame.evaluate(PICTURES) == [["A square", True]]
        assert (violations(page), faults) == ([], [])
    # Within its frame a mail runs no script, and so none that looks at it.
    with opened(chromium) as page:
        for scheme in SCHEMES:
            page.set_content(httpx.get(f"{served.url}/newsletter/preview/{issue}/{scheme}").text)
            # Without the landmarks of a page, which it is not.
            assert violations(page, rules=[rule for rule in RULES if rule != "best-practice"]) == []


def test_a_click_in_a_mail_is_met_as_the_mail_and_the_issue_is_a_page_for_everybody(
    chromium: Browser, served: Served, issue: str
) -> None:
    with opened(chromium) as page:
        page.goto(f"{served.url}/first-post/")
        page.locator('[data-consent] [data-consent-answer="yes"]').click()
        subscribe(page, served, "letters@example.org")
        sent = served.milepost("newsletter", "send", issue)
        assert (sent.returncode, sent.stdout) == (0, "1 accepted\n")
        # As soon as the mail is there, whether the site has been built with it or not.
        page.goto(f"{served.url}/outbox/")
        page.locator("main tr").filter(has_text="First post").locator("a").click()
        with page.expect_response("**/journey/v1/events*") as answered:
            page.locator(f'main a[href*="touchpoint=newsletter/{issue}"]').click()
        assert answered.value.status == 204
        rows = archived(served)
        mine = [str(row["person"]) for row in rows if row["touchpoint"] == f"newsletter/{issue}"][-1]
        way = [str(row["touchpoint"]) for row in rows if row["person"] == mine and row["type"] == "view"]
        assert way[-2:] == [f"newsletter/{issue}", "blog/first-post"]

        page.goto(f"{served.url}/issues/")
        while not page.locator(f'main a[href$="/issues/{issue}/"]').count():
            page.wait_for_timeout(100)
            page.reload()
    found = {}
    for scheme, width in zip(SCHEMES, WIDTHS, strict=True):
        with opened(chromium, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
            page.add_init_script(QUIET)
            for path in ("/issues/", f"/issues/{issue}/"):
                page.goto(served.url + path)
                found[scheme, path] = violations(page)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.locator('meta[name="touchpoint:id"]').get_attribute("content") == f"newsletter/{issue}"
    assert [(where, faults) for where, faults in found.items() if faults] == []
