"""The journey script in real Chromium: what it sends, when, and what it never does. Read by the collector's decoder."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from browser.conftest import QUIET
from browser.recording import Recorder, recording, said
from milepost.arrivals import link
from milepost.touchpoints.script import served

pytestmark = pytest.mark.browser

HIDE = "Object.defineProperty(document, 'visibilityState', { value: '%s', configurable: true });"
TELL = HIDE + "document.dispatchEvent(new Event('visibilitychange'))"
BACK_FORWARD = ["--disable-back-forward-cache"]
PRERENDER = "prefetch;prerender"
NO_STORAGE = """for (const name of ["localStorage", "sessionStorage", "indexedDB"])
  Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError") } })"""


@pytest.fixture
def collector() -> Iterator[Recorder]:
    with recording() as recorder:
        yield recorder


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport={"width": 800, "height": 600})
    yield made
    made.close()


def opened(context: BrowserContext, collector: Recorder, path: str = "/first", **options: Any) -> Page:
    page = context.new_page()
    page.goto(collector.url + path, **options)
    return page


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def stored(page: Page) -> list[Any]:
    """Everything that a page can keep in a browser."""
    script = "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length]"
    return [*page.evaluate(script), page.context.cookies()]


def test_a_page_that_is_seen_is_one_view(context: BrowserContext, collector: Recorder) -> None:
    page = opened(context, collector, referer="https://elsewhere.example/secret/path?q=1")
    [view] = collector.wait_for("view")
    assert (view.touchpoint, said(view)) == ("blog/first", {"referrer": "elsewhere.example"})
    page.wait_for_timeout(300)
    assert [event.type for event in collector.events()] == ["view"]


def test_leaving_tells_how_long_and_how_far_it_was_read(context: BrowserContext, collector: Recorder) -> None:
    page = opened(context, collector)
    page.wait_for_timeout(1200)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    page.wait_for_timeout(100)
    page.click("#inside", force=True)
    [engage] = collector.wait_for("engage")
    assert engage.touchpoint == "blog/first"
    assert (1 <= said(engage)["seconds"] <= 3, 50 <= said(engage)["depth"] <= 70) == (True, True)
    assert [event.touchpoint for event in collector.wait_for("view", 2)] == ["blog/first", "blog/second"]
    assert collector.events("outbound") == []


def test_time_in_the_background_is_not_counted(context: BrowserContext, collector: Recorder) -> None:
    page = opened(context, collector)
    collector.wait_for("view")
    page.wait_for_timeout(1100)
    page.evaluate(TELL % "hidden")
    page.wait_for_timeout(2500)
    page.evaluate(TELL % "visible")
    page.wait_for_timeout(1100)
    page.evaluate(TELL % "hidden")
    assert [said(event)["seconds"] for event in collector.wait_for("engage", 2)] == [1, 1]
    assert len(collector.events("view")) == 1


def test_a_page_opened_in_the_background_is_met_when_it_is_first_seen(
    context: BrowserContext, collector: Recorder
) -> None:
    context.add_init_script(HIDE % "hidden")
    page = opened(context, collector)
    page.wait_for_timeout(300)
    assert collector.posts == []
    page.evaluate(TELL % "visible")
    assert len(collector.wait_for("view")) == 1


def test_a_link_to_another_site_is_told_by_its_host_alone(context: BrowserContext, collector: Recorder) -> None:
    page = opened(context, collector)
    page.click("#outside")
    [outbound] = collector.wait_for("outbound")
    assert (outbound.touchpoint, said(outbound)["host"].partition(":")[0]) == ("blog/first", "localhost")


def test_a_page_that_is_not_there_is_told_with_its_path(context: BrowserContext, collector: Recorder) -> None:
    opened(context, collector, "/lost", referer="https://elsewhere.example/x")
    [missing] = collector.wait_for("not-found")
    assert said(missing) == {"path": "/lost", "referrer": "elsewhere.example"}
    assert [event.type for event in collector.events()] == ["view", "not-found"]


@pytest.mark.parametrize(
    "signal",
    [
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })",
        "Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' })",
    ],
)
def test_who_signals_no_is_counted_and_never_asked(context: BrowserContext, collector: Recorder, signal: str) -> None:
    collector.asks = True
    context.add_init_script(signal)
    page = opened(context, collector)
    collector.wait_for("view")
    page.wait_for_timeout(200)
    assert {path for path, _ in collector.posts} == {"/journey/v1/events?counted=1"}
    assert not page.locator("[data-consent]").is_visible()
    assert stored(page) == [0, 0, 0, []]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_the_notice_shows_when_the_collector_asks_and_is_answered_once(
    context: BrowserContext, collector: Recorder, answer: str
) -> None:
    page = opened(context, collector)
    collector.wait_for("view")
    expect(page.locator("[data-consent]")).to_be_hidden()
    collector.asks = True
    page.reload()
    notice = page.locator("[data-consent]")
    expect(notice).to_be_visible()
    assert stored(page) == [0, 0, 0, []]
    notice.locator(f'[data-consent-answer="{answer}"]').click()
    expect(notice).to_be_hidden()
    page.wait_for_timeout(200)
    assert [post for post in collector.posts if "consent" in post[0]] == [("/journey/v1/consent", answer.encode())]


def test_what_could_not_be_sent_waits_in_memory_and_is_sent_once_by_itself(
    context: BrowserContext, collector: Recorder
) -> None:
    collector.status = 503
    page = opened(context, collector)
    [lost] = collector.wait_for("view")
    collector.posts.clear()
    collector.status = 204
    [view] = collector.wait_for("view")
    assert view.id == lost.id
    assert stored(page) == [0, 0, 0, []]


def test_what_happened_offline_is_sent_when_the_network_is_back(context: BrowserContext, collector: Recorder) -> None:
    page = opened(context, collector)
    collector.wait_for("view")
    page.wait_for_timeout(1100)
    context.set_offline(True)
    page.evaluate(TELL % "hidden")
    page.wait_for_timeout(300)
    assert collector.events("engage") == []
    context.set_offline(False)
    [engage] = collector.wait_for("engage", seconds=1.5)
    assert (said(engage)["seconds"], stored(page)) == (1, [0, 0, 0, []])


def test_two_tabs_and_one_that_crashes_are_each_told(context: BrowserContext, collector: Recorder) -> None:
    first, second = opened(context, collector), opened(context, collector, "/second")
    collector.wait_for("view", 2)
    with suppress(Error):
        first.goto("chrome://crash", timeout=3000)
    second.wait_for_timeout(1000)
    second.click("#inside")
    assert [event.touchpoint for event in collector.wait_for("view", 3)][2] == "blog/second"
    assert {event.touchpoint for event in collector.events("engage")} <= {"blog/first", "blog/second"}
    assert len({event.id for event in collector.events()}) == len(collector.events())


def test_a_file_and_a_form_are_told_by_their_names(context: BrowserContext, collector: Recorder) -> None:
    page = opened(context, collector)
    page.evaluate("document.querySelector('#file').addEventListener('click', (event) => event.preventDefault())")
    page.click("#file")
    page.fill("[name=s]", "never told")
    page.fill("[name=q]", "secret")
    page.fill("[name=more]", "secret")
    page.click("form button")
    page.wait_for_url("**/second?*")
    assert [said(event) for event in collector.wait_for("download")] == [{"name": "a%20report.pdf"}]
    assert [said(event) for event in collector.wait_for("form", 2)] == [
        {"name": "question", "step": "started"}, {"name": "question", "step": "sent"},
    ]  # fmt: skip
    assert "secret" not in str(collector.posts)


def test_who_comes_by_a_mail_met_the_mail_first(context: BrowserContext, collector: Recorder) -> None:
    opened(context, collector, link("/first?a=1", "newsletter/2026-11-24"))
    assert [event.touchpoint for event in collector.wait_for("view", 2)] == ["newsletter/2026-11-24", "blog/first"]
    collector.posts.clear()
    opened(context, collector, "/first?touchpoint=site/elsewhere")
    assert [event.touchpoint for event in collector.wait_for("view")] == ["blog/first"]


def test_a_page_of_a_thousand_links_costs_nothing_per_link(context: BrowserContext, collector: Recorder) -> None:
    page = opened(context, collector, "/many")
    collector.wait_for("view")
    busy = page.evaluate("""() => { const began = performance.now();
      for (const link of document.links) link.dispatchEvent(new Event("focusin", { bubbles: true }));
      return performance.now() - began; }""")
    assert busy < 100
    page.click("text=Link 999")
    assert len(collector.wait_for("view", 2)) == 2


def test_a_page_out_of_the_browsers_real_cache_is_one_more_view(chromium: Browser, collector: Recorder) -> None:
    """Playwright switches the back/forward cache off; here it is on."""
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"), args=list(QUIET), ignore_default_args=BACK_FORWARD
    )
    page = browser.new_page()
    page.goto(link(f"{collector.url}/first", "newsletter/2026-11-24"))
    collector.wait_for("view", 2)
    page.evaluate("window.kept = true")
    page.goto(f"{collector.url}/second")
    collector.wait_for("view", 3)
    page.go_back(wait_until="commit")
    views = collector.wait_for("view", 4)
    assert page.evaluate("window.kept") is True
    # The mail, too, was met once.
    expected = ["newsletter/2026-11-24", "blog/first", "blog/second", "blog/first"]
    assert [event.touchpoint for event in views] == expected
    assert len({event.id for event in views}) == 4

    browser.close()


def test_a_prerendered_page_is_met_when_it_is_shown(tmp_path: Path, collector: Recorder) -> None:
    """By a Chromium that nobody looks into: it prerenders nothing while it is debugged, as playwright does."""
    chromium = shutil.which("chromium") or pytest.skip("chromium is not installed: `apt install chromium`")
    command = [chromium, "--headless=new", *QUIET, f"--user-data-dir={tmp_path}", f"{collector.url}/leading"]
    browser = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: ("/journey.v1.js", PRERENDER) in collector.gets)
        # What is not to come is given time to.
        time.sleep(0.7)
        assert [event.touchpoint for event in collector.events()] == ["blog/leading"]
        collector.leave.set()
        shown = collector.wait_for("view", 2)
        assert [event.touchpoint for event in shown] == ["blog/leading", "blog/second"]
        # It is the prerendered page that is shown, and not another one.
        assert [purpose for path, purpose in collector.gets if path == "/second"] == [PRERENDER]
        time.sleep(0.3)
        assert len(collector.events("view")) == 2
    finally:
        browser.terminate()
        browser.wait()


def test_on_a_slow_network_the_page_waits_for_nothing_and_each_event_counts_once(
    context: BrowserContext, collector: Recorder
) -> None:
    page = context.new_page()
    slow = {"offline": False, "latency": 400, "downloadThroughput": 15_000, "uploadThroughput": 5_000}
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(collector.url + "/first", wait_until="commit")
    expect(page.locator("h1")).to_have_text("blog/first")
    page.wait_for_load_state()
    painted, script = page.evaluate("""[performance.getEntriesByName("first-contentful-paint")[0].startTime,
      performance.getEntriesByType("resource").find(({ name }) => name.endsWith(".js")).responseEnd]""")
    assert painted < script
    # The page is left while its view is still on the way.
    page.click("#inside")
    expect(page.locator("h1")).to_have_text("blog/second")
    page.wait_for_timeout(1200)
    page.click("text=Outside")
    page.wait_for_load_state()
    collector.wait_for("outbound")
    page.wait_for_timeout(1000)
    # What was on its way when its page was left may be sent again: under its own id, which counts once.
    told = Counter((type_, touchpoint) for _, type_, touchpoint in {
        (event.id, event.type, event.touchpoint) for event in collector.events()
    })  # fmt: skip
    once = [("view", "blog/first"), ("view", "blog/second"), ("view", "blog/other"), ("outbound", "blog/second")]
    assert {one: told[one] for one in told if one[0] != "engage"} == dict.fromkeys(once, 1)
    assert (told["engage", "blog/second"], faults) == (1, [])


def test_a_collector_that_is_down_or_slow_changes_nothing_for_the_reader(
    context: BrowserContext, collector: Recorder
) -> None:
    faults: list[str] = []
    context.route("**/journey/v1/events*", lambda route: route.abort("connectionrefused"))
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(collector.url + "/first")
    page.click("#inside")
    expect(page.locator("h1")).to_have_text("blog/second")
    context.unroute("**/journey/v1/events*")
    collector.seconds = 3
    page.goto(collector.url + "/first")
    page.click("#inside", timeout=1000)
    expect(page.locator("h1")).to_have_text("blog/second", timeout=1000)
    assert faults == []


def test_blocked_storage_and_the_strict_policy_are_no_obstacle(context: BrowserContext, collector: Recorder) -> None:
    context.add_init_script(NO_STORAGE)
    faults: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(collector.url + "/first")
    assert len(collector.wait_for("view")) == 1
    assert faults == []


def test_a_page_with_the_script_blocked_reads_as_ever(context: BrowserContext, collector: Recorder) -> None:
    context.route("**/journey.v1.js", lambda route: route.abort())
    page = opened(context, collector)
    page.click("#inside")
    expect(page.locator("h1")).to_have_text("blog/second")
    assert collector.posts == []


def test_it_weighs_at_most_one_point_nine_kilobytes() -> None:
    assert len(gzip.compress(served().encode(), 9)) <= 1945
