"""What readers do comes back into the site: ten walk from page to page, and the next build says so on the first."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from serving import Served, serving
from sites import NO_ABOUT, Site, article

pytestmark = pytest.mark.browser
PEOPLE = 10
FILES: dict[str, str | bytes] = {
    "content/articles/silence.md": article("Silence", 1, "As [the map]({filename}map.md) has it."),
    "content/articles/map.md": article("A map", 2).replace("funnels, journeys", "maps").replace("Strategy", "Maps"),
    "content/articles/near.md": article("Near", 3),
}


def walk(chromium: Browser, served: Served) -> None:
    """A new reader says yes on the first page, and follows its link to the second."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{served.url}/silence/")
    notice = page.locator("[data-consent]")
    with page.expect_response("**/journey/v1/consent") as agreed:
        notice.locator('[data-consent-answer="yes"]').click()
    with page.expect_response("**/journey/v1/events*") as read:
        page.locator("main article a", has_text="the map").click()
        page.wait_for_url(f"{served.url}/a-map/")
    assert (agreed.value.ok, read.value.status) == (True, 204)
    page.wait_for_load_state("networkidle")
    context.close()


def walk_unseen(served: Served) -> None:
    """The same without a browser, by what a browser sends."""
    agent = {
        "user-agent": f"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/{secrets.randbelow(99)}.0"
    }
    with httpx.Client(base_url=served.url, headers=agent) as reader:
        assert reader.post("/journey/v1/consent", content="yes").is_success
        for touchpoint in ("blog/silence", "blog/a-map"):
            now = datetime.now(UTC)
            digits = f"{int(now.timestamp() * 1000):012x}7{secrets.token_hex(2)[:3]}8{secrets.token_hex(8)[:15]}"
            sent = {"id": str(UUID(digits)), "type": "view", "touchpoint": touchpoint,
                    "at": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"}  # fmt: skip
            assert reader.post("/journey/v1/events", json=[sent]).status_code == 204


def the_panel_says_how_it_is_read(page: Page, served: Served) -> None:
    """Of the page that most came from: discreet, by the keyboard alone, under the page's own policy."""
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.goto(f"{served.url}/silence/")
    button, panel = page.get_by_role("button", name="Readers"), page.get_by_role("region", name="How this page is read")
    expect(panel).to_be_hidden()
    button.press("Enter")
    everybody = panel.get_by_role("row").filter(has_text="consented").first
    expect(everybody).to_contain_text("10", timeout=20_000)
    went = panel.get_by_role("table", name="Where they go")
    expect(went.get_by_role("row").nth(1)).to_contain_text("A map")
    assert went.get_by_role("link", name="A map").get_attribute("href") == f"{served.url}/a-map/"
    missing = httpx.get(f"{served.url}/journeys/post?touchpoint=blog/none")
    assert (missing.status_code, missing.json()["error"].split(";")[0]) == (404, 'no touchpoint "blog/none"')
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert faults == []


@pytest.mark.parametrize("in_chromium", [2, pytest.param(10, marks=pytest.mark.long)])
def test_where_ten_readers_went_is_shown_on_the_page_that_they_came_from(
    chromium: Browser, new_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, in_chromium: int
) -> None:
    monkeypatch.setenv("MILEPOST_LIMITS", "off")
    site = new_site(FILES, NO_ABOUT)
    site.settings_file  # noqa: B018  written when asked for
    reader = chromium.new_page()
    with serving(site.root, site.root / "var", "sh", "-c", 'exec milepost serve --port "$PORT"') as served:
        for number in range(PEOPLE):
            walk(chromium, served) if number < in_chromium else walk_unseen(served)
        reader.goto(f"{served.url}/silence/")
        assert reader.locator("section.onward h2").all_inner_texts() == ["On the same subject"]
        report = served.milepost("journeys", "report")
        assert "known for 1 page, in content/onward.json; the next build shows it" in report.stdout, report.stdout
        went = json.loads((site.root / "content/onward.json").read_text())
        assert went == {"version": 1, "from": {"blog/silence": [{"to": "blog/a-map", "people": 10}]}}
        # The page that is open is built anew, since a file that it is made of has changed.
        onward = reader.locator("section.onward").filter(has_text="Readers went on to")
        expect(onward.get_by_role("link")).to_have_text(["A map"], timeout=30_000)
        onward.get_by_role("link").click()
        expect(reader.locator("main h1")).to_have_text("A map")
        the_panel_says_how_it_is_read(reader, served)
        assert not any(b"post.js" in path.read_bytes() for path in (site.root / "var/preview").rglob("*.html"))
    reader.close()
