"""The preview in real Chromium: a saved file is the page that is seen, where it was read; a fault lies over it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from serving import serving
from sites import Site, article

pytestmark = pytest.mark.browser
LONG = "\n\n".join(f"Paragraph {number} of a text that is longer than a window." for number in range(80))
BIO = "Name: Ada Sample\n\nA sample.\n"


def test_saving_changes_the_page_in_place_and_a_fault_lies_over_it(
    chromium: Browser, new_site: Callable[..., Site]
) -> None:
    site = new_site({"content/articles/first.md": article(body=LONG), "content/authors/ada.md": BIO})
    site.settings_file  # noqa: B018  written when asked for
    page = chromium.new_page()
    with serving(site.root, site.root / "var", "sh", "-c", 'exec milepost serve --port "$PORT"') as served:
        page.goto(f"{served.url}/first-post/")
        page.evaluate("scrollTo(0, 1500)")
        site.write({"content/articles/first.md": article(body=LONG.replace("Paragraph 40 ", "A new paragraph "))})
        expect(page.get_by_text("A new paragraph")).to_be_visible(timeout=30_000)
        page.wait_for_function("() => scrollY === 1500")

        site.write({"content/articles/first.md": article(body=LONG + "\n\n![](gone.png)")})
        overlay = page.locator("[data-fault]")
        expect(overlay).to_be_visible(timeout=30_000)
        assert overlay.inner_text().splitlines() == site.milepost("check").stdout.splitlines()
        expect(page.get_by_text("A new paragraph")).to_have_count(0)  # what was saved is shown beneath it

        site.write({"content/articles/first.md": article(body=LONG.replace("Paragraph 40 ", "A mended paragraph "))})
        expect(page.get_by_text("A mended paragraph")).to_be_visible(timeout=30_000)
        expect(overlay).to_have_count(0)
        page.wait_for_function("() => scrollY === 1500")
    page.close()
