"""The main job, end to end, in real Chromium against `make serve`'s own process and the shipped content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as parquet
import pytest
from playwright.sync_api import Browser, Page, expect

from serving import Served, serving
from sites import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(ROOT, tmp_path_factory.mktemp("serve") / "var") as running:
        yield running


def read_an_article_then_a_doc(page: Page, served: Served) -> tuple[str, str]:
    """From the home page; returns the titles of the article and of the doc."""
    page.goto(f"{served.url}/")
    page.locator("main article a[href]").first.click()
    article = page.locator("main h1").inner_text()
    page.locator(f'main article a[href*="{served.url}/docs/"]').first.click()
    return article, page.locator("main h1").inner_text()


def subscribe(page: Page, served: Served, address: str) -> None:
    """Sign up with the form of the page that is open, then confirm from the mail in the outbox."""
    form = page.locator('form[action$="/newsletter/subscribe"]').first
    form.locator('input[type="email"]').fill(address)
    form.locator('button[type="submit"]').click()
    expect(page.get_by_text("Please look into your mail").first).to_be_visible()
    outbox = f"{served.url}/outbox/"
    page.goto(outbox)
    for _ in range(50):
        if page.get_by_text(address).count():
            break
        page.wait_for_timeout(100)
        page.reload()
    page.locator("main tr, main li").filter(has_text=address).first.locator("a").first.click()
    page.locator('main a[href*="/newsletter/confirm/"]').first.click()
    page.locator("main form button").first.click()


def subscribers(served: Served) -> dict[str, str]:
    """Every subscriber's state by address."""
    listed = served.milepost("newsletter", "subscribers", "list", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    return {row["address"]: row["state"] for row in json.loads(listed.stdout)}


def archived(served: Served) -> list[dict[str, object]]:
    """Every event of the archive, after everything in the inbox was moved there."""
    report = served.milepost("journeys", "report")
    assert report.returncode == 0, report.stderr
    files = [str(path) for path in Path(served.env["MILEPOST_VAR"], "archive").glob("month=*/*.parquet")]
    rows = parquet.dataset(files, format="parquet").to_table()
    return sorted(rows.to_pylist(), key=lambda row: row["at"])


def test_the_way_of_a_reader_who_says_yes_is_one_journey_in_the_report(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))

    article, doc = read_an_article_then_a_doc(page, served)
    notice = page.locator("[data-consent]")
    expect(notice).to_be_visible()
    notice.locator('[data-consent-answer="yes"]').click()
    expect(notice).to_be_hidden()
    subscribe(page, served, "reader@example.org")

    assert subscribers(served)["reader@example.org"] == "active"
    events = [row for row in archived(served) if row["person"]]
    assert len({row["person"] for row in events}) == 1
    assert [row["type"] for row in events].count("signup") == 1
    page.goto(f"{served.url}/journeys/")
    journey = page.locator("main li, main tr").filter(has_text=article).filter(has_text=doc).filter(has_text="signup")
    expect(journey.first).to_be_visible()
    assert faults == []
    context.close()


def test_reading_and_subscribing_need_no_javascript(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    read_an_article_then_a_doc(page, served)
    assert not page.locator("[data-consent]").is_visible()
    subscribe(page, served, "plain@example.org")
    assert subscribers(served)["plain@example.org"] == "active"
    context.close()


def test_with_gpc_nothing_is_asked_linked_or_stored(chromium: Browser, served: Served) -> None:
    before = len(archived(served))
    context = chromium.new_context(extra_http_headers={"Sec-GPC": "1"})
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })")
    page = context.new_page()
    with page.expect_response("**/journey/v1/events*") as answered:
        page.goto(f"{served.url}/")
    assert answered.value.status == 204
    read_an_article_then_a_doc(page, served)
    page.wait_for_timeout(500)
    assert not page.locator("[data-consent]").is_visible()
    assert context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    subscribe(page, served, "private@example.org")

    assert subscribers(served)["private@example.org"] == "active"
    events = archived(served)[before:]
    assert {"view", "signup"} <= {row["type"] for row in events}
    assert {(row["tier"], row["visit"], row["person"]) for row in events} == {("counted", None, None)}
    context.close()


def test_what_the_page_about_privacy_says_is_what_chromium_sent(chromium: Browser, served: Served) -> None:
    context = chromium.new_context()
    page = context.new_page()
    sent: list[dict[str, object]] = []
    page.on(
        "request",
        lambda request: sent.extend(request.post_data_json) if "/journey/v1/events" in request.url else None,
    )
    for path in ("/", "/no-such-page/", "/docs/first-post/", "/privacy/"):
        page.goto(f"{served.url}{path}")
        page.wait_for_timeout(1200)
    said = {
        row.get_attribute("data-sent"): {
            field.get_attribute("data-field") for field in row.locator("[data-field]").all()
        }
        for row in page.locator("[data-sent]").all()
    }
    retention = page.locator("[data-retention]").inner_text()
    page.goto("about:blank")
    types = {str(event["type"]) for event in sent}
    assert {"view", "not-found"} <= types <= set(said)
    for event in sent:
        assert set(event) <= {"id", "type", "touchpoint", "at", "data"}, event
        assert set(event.get("data") or {}) <= said[event["type"]], event
    assert "for 25 months after the month in which it happened" in retention
    # A beacon's body is not told by Chromium, but what came of it is in the archive.
    kept = archived(served)
    assert {"view", "engage", "not-found", "signup"} <= {str(row["type"]) for row in kept} <= set(said)
    for row in kept:
        assert set(json.loads(str(row["data"] or "{}"))) <= said[row["type"]], row
    context.close()


def test_a_reader_takes_their_file_and_is_forgotten_by_buttons_alone(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"{served.url}/privacy/")
    page.get_by_role("button", name="Remember my visits", exact=True).click()
    page.wait_for_url(f"{served.url}/privacy/")
    (cookie,) = context.cookies()
    page.goto(f"{served.url}/")
    page.wait_for_timeout(300)
    page.goto(f"{served.url}/privacy/")
    page.wait_for_timeout(300)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Show me what is mine").click()
    told = json.loads(Path(taken.value.path()).read_text())
    assert (told["person"], {event["type"] for event in told["events"]} >= {"view"}) == (cookie["value"], True)
    page.get_by_role("button", name="Forget me").click()
    expect(page.locator("body")).to_contain_text(f"forgotten: {cookie['value']}")
    assert [one["value"] for one in context.cookies()] == ["no"]
    assert cookie["value"] not in {row["person"] for row in archived(served)}
    context.close()
