"""Every kind of page of the shipped site, as everybody meets it: by eye, ear, keyboard, enlarged, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from browser.axe import violations
from browser.kinds import KINDS, SCHEMES, WIDTHS, opened
from serving import Served, serving
from sites import ROOT

pytestmark = pytest.mark.browser

# What Tab must reach: everything that can be pressed or filled in, and what a reader must be able to scroll.
REACHABLE = """() => [
  ...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")
].filter(it => it.checkVisibility({ visibilityProperty: true }) && !it.matches("[type=radio]:not(:checked)")).length"""
FOCUSED = """() => {
  const it = document.activeElement;
  window.stops ??= new Set();
  if (it === document.body) return null;
  if (stops.has(it)) return "seen";
  stops.add(it);
  const style = getComputedStyle(it), { top, left, bottom, right, width, height } = it.getBoundingClientRect();
  // A link that breaks over two lines has no middle of its own.
  const lines = [...it.getClientRects()];
  const line = lines.find(line => line.width > 1 && line.top < innerHeight) ?? it.getBoundingClientRect();
  const top_most = document.elementFromPoint(line.left + line.width / 2, line.top + line.height / 2);
  return {
    what: it.outerHTML.slice(0, 120), press: it.matches("a, button, input, select, textarea, summary"),
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: bottom > 0 && right > 0 && top < innerHeight && left < innerWidth && width > 0 && height > 0,
    covered: !(it.contains(top_most) || top_most?.contains(it)),
  };
}"""
# Each key that is pressed first says where the last one led: one round to the browser a stop, and none to ask.
TOLD_BY_EVERY_KEY = f"""() => {{
  window.told = [];
  addEventListener("keydown", () => told.push(({FOCUSED})()), {{ capture: true }});
}}"""
LOST = """() => [...document.querySelectorAll("body *")].filter(it => {
  const text = [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!text || !it.checkVisibility() || it.closest(".skip, table, pre, svg, script, style")) return false;
  const { left, right } = it.getBoundingClientRect();
  return left < -0.5 || right > innerWidth + 0.5 ||
    (getComputedStyle(it).overflow === "hidden" && it.scrollHeight > it.clientHeight + 1);
}).map(it => it.outerHTML.slice(0, 120))"""
LANDMARK = re.compile(
    r'^ *- (banner|navigation|main|complementary|contentinfo|region|search)(?: "(.*)")?:?$', re.MULTILINE
)
HEADING = re.compile(r"^ *- heading .*\[level=(\d)\]", re.MULTILINE)
# Who asks not to be followed is asked nothing: pages stay as they were built.
QUIET = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
AROUND = (
    ["banner", "navigation Site"],
    [
        "complementary Newsletter and company",
        "region Stay informed",
        "region About our company",
        "contentinfo",
        "navigation More",
    ],
)
NO_FAULT: dict[str, list[str]] = {name: [] for name in KINDS}
WITHIN = {
    "article": [
        "navigation On this page",
        "navigation From funnel to plan",
        "region About the author",
        "region On the same subject",
        "region Comments",
        "navigation Older and newer articles",
    ],
    "doc": [
        "search",
        "navigation Breadcrumbs",
        "navigation On this page",
        "navigation Previous and next page",
        "navigation Docs",
    ],
    "docs": ["search", "navigation On this page", "navigation Previous and next page", "navigation Docs"],
    "lost": ["search", "region Newest articles"],
    "search": ["search", "region Or look through"],
    "found": ["search", "region Or look through"],
    "archives": ["region 2026"],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(ROOT, tmp_path_factory.mktemp("every") / "var") as running:
        yield running


def for_every_kind(page: Page, served: Served, look: Any, scripts: bool = True) -> dict[str, Any]:
    """What `look(page)` says of each kind of page, by its name."""
    found = {}
    for name, path in KINDS.items():
        page.goto(served.url + path)
        if scripts and name == "found":
            page.locator("[data-search-results] li").first.wait_for()
        found[name] = look(page)
    return found


# Between the two widths, colours are what they are at both.
@pytest.mark.parametrize("width", [*WIDTHS, pytest.param(768, marks=pytest.mark.long)])
def test_axe_finds_nothing_and_the_console_stays_empty(chromium: Browser, served: Served, width: int) -> None:
    said: list[str] = []

    def in_every_scheme(page: Page) -> list[str]:
        found = []
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{scheme}: {violation}" for violation in violations(page)]
        return found

    with opened(chromium, viewport={"width": width, "height": 900}) as page:
        page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
        found = for_every_kind(page, served, in_every_scheme)
    # A browser says by itself that an address answered 404.
    told = [line for line in said if f"{served.url}{KINDS['lost']}: Failed to load resource" not in line]
    assert (found, told) == (NO_FAULT, [])


def test_the_notice_never_lies_over_what_has_the_focus(chromium: Browser, served: Served) -> None:
    with opened(chromium, viewport={"width": 375, "height": 800}, reduced_motion="reduce") as page:
        page.goto(served.url + KINDS["categories"])
        page.locator("[data-consent]").wait_for()
        covered, stops = [], 0
        while stops < 300 and not page.evaluate("document.activeElement.closest('[data-consent]') !== null"):
            page.keyboard.press("Tab")
            stops += 1
            at = page.evaluate(FOCUSED)
            covered += [at["what"]] if at["covered"] else []
    assert (covered, 10 < stops < 300) == ([], True)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(
    chromium: Browser, served: Served, width: int
) -> None:
    def faults(page: Page) -> list[str]:
        wanted, told = page.evaluate(REACHABLE), []
        page.evaluate(TOLD_BY_EVERY_KEY)
        # The search page begins in its field: the way goes past the end, and round from the top.
        while len(told) <= wanted + 30 and "seen" not in told:
            for _ in range(10):
                page.keyboard.down("Tab")
            told = page.evaluate("told")
        page.keyboard.up("Tab")
        around = told.index("seen") if "seen" in told else len(told)
        steps = [at for at in told[:around] if at]
        wrong = [f"{name}: {at['what']}" for at in steps for name in ("ring", "seen") if not at[name]]
        wrong += [f"covered: {at['what']}" for at in steps if at["covered"]]
        reached = sum(at["press"] for at in steps)
        return wrong + ([] if reached == wanted else [f"{reached} of {wanted} reached"])

    with opened(chromium, viewport={"width": width, "height": 900}, reduced_motion="reduce") as page:
        page.add_init_script(QUIET)
        assert for_every_kind(page, served, faults) == NO_FAULT


def test_enlarged_to_400_percent_nothing_is_lost(chromium: Browser, served: Served) -> None:
    def faults(page: Page) -> list[str]:
        wide = page.evaluate("document.documentElement.scrollWidth")
        return page.evaluate(LOST) + ([] if wide == 320 else [f"{wide} px wide"])

    # 1280 x 1024 at 400 %, as the rule has it (WCAG 2.2, 1.4.10).
    with opened(chromium, viewport={"width": 320, "height": 256}) as page:
        assert for_every_kind(page, served, faults) == NO_FAULT


def test_read_aloud_every_page_has_its_landmarks_in_order_and_headings_that_skip_no_level(
    chromium: Browser, served: Served
) -> None:
    def heard(page: Page) -> tuple[list[str], list[str]]:
        tree = page.locator("body").aria_snapshot()
        landmarks = [" ".join(filter(None, found)) for found in LANDMARK.findall(tree)]
        levels = [int(level) for level in HEADING.findall(tree)]
        skips = [f"{low} then {high}" for low, high in pairwise(levels) if high > low + 1]
        return landmarks, skips + ([] if levels[:1] == [1] and levels.count(1) == 1 else [f"levels {levels}"])

    before, after = AROUND
    expected = {name: ([*before, "main", *WITHIN.get(name, []), *after], []) for name in KINDS}
    with opened(chromium, viewport={"width": 1440, "height": 900}) as page:
        page.add_init_script(QUIET)
        assert for_every_kind(page, served, heard) == expected


def test_without_javascript_the_same_words_are_there_and_no_button_is_dead(chromium: Browser, served: Served) -> None:
    def words(page: Page) -> str:
        # What JavaScript adds does what only it can: copy, ask "Was this helpful?", and in the preview tell of readers.
        page.evaluate("document.querySelectorAll('form[data-helpful], [data-readers]').forEach(it => it.remove())")
        return page.locator("body").inner_text().replace("\nCopy\n", "\n")

    def dead(page: Page) -> list[str]:
        return page.evaluate(
            "() => [...document.querySelectorAll('button')].filter(it => !it.form && it.checkVisibility())"
            ".map(it => it.outerHTML)"
        )

    with opened(chromium) as page:
        page.add_init_script(QUIET)
        with_scripts = for_every_kind(page, served, words)
    with opened(chromium, java_script_enabled=False) as page:
        without = for_every_kind(page, served, words, scripts=False)
        alone = ("search", "found", "lost")  # what JavaScript adds there has tests of its own
        assert {name: without[name] for name in KINDS if name not in alone} == {
            name: with_scripts[name] for name in KINDS if name not in alone
        }
        assert for_every_kind(page, served, dead, scripts=False) == NO_FAULT
