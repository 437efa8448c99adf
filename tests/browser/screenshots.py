"""`make screenshots`: every kind of page at three widths, light and dark, into var/screenshots/, to be looked at.

The picture of the README is one of them, at the height of a window: content/images/screens/home.png.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, sync_playwright

from browser.conftest import QUIET
from serving import Served, serving
from sites import ROOT

PAGES = {
    "home": "/",
    "article": "/there-never-was-a-funnel/",
    "discussion": "/comments/discussion/?article=/there-never-was-a-funnel/",
    "doc": "/docs/first-post/",
    "docs": "/docs/",
    "guides": "/docs/how-to/",
    "reference": "/docs/reference/fields/",
    "page": "/about/",
    "privacy": "/privacy/",
    "category": "/categories/",
    "archives": "/archives/",
    "authors": "/authors/",
    "author": "/author/ada-sample/",
    "lost": "/nowhere/",
    "journeys": "/journeys/",
    "outbox": "/outbox/",
    "plan": "/plan/",
    "subscribe": "/newsletter/subscribe",
}
WIDTHS = (375, 768, 1440)


def a_readers_way(browser: Browser, served: Served) -> dict[str, str]:
    """Make something to look at: a journey, a signup and its mail. Returns the pages that come of it."""
    page = browser.new_page()
    for path in (PAGES["home"], PAGES["article"], PAGES["doc"]):
        page.goto(served.url + path)
        if page.locator('[data-consent-answer="yes"]').is_visible():
            page.locator('[data-consent-answer="yes"]').click()
    form = page.locator('form[action$="/newsletter/subscribe"]').first
    form.locator('input[type="email"]').fill("reader@example.org")
    form.locator('button[type="submit"]').click()
    page.goto(served.url + "/outbox/")
    while not page.get_by_text("reader@example.org").count():
        page.wait_for_timeout(100)
        page.reload()
    page.locator("main tr a").first.click()
    mail = page.url.removeprefix(served.url)
    confirm = page.locator('main a[href*="/newsletter/confirm/"]').get_attribute("href") or ""
    page.goto(confirm)
    page.locator("main form button").click()
    page.close()
    served.milepost("journeys", "report")
    return {"mail": mail, "mail-html": f"{mail}/html", "confirm": confirm.removeprefix(served.url)}


def main(only: list[str]) -> None:
    out = Path(os.environ.get("SCREENSHOTS", ROOT / "var" / "screenshots"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(ROOT, Path(folder) / "var") as served, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        pages = {**PAGES, **a_readers_way(browser, served)}
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                for name, path in pages.items():
                    if only and name not in only:
                        continue
                    page.goto(served.url + path)
                    page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
                page.close()
        page = browser.new_page(viewport={"width": 1440, "height": 900}, extra_http_headers={"DNT": "1"})
        page.add_init_script("Object.defineProperty(navigator, 'doNotTrack', { value: '1' })")
        page.goto(served.url)
        page.screenshot(path=ROOT / "content" / "images" / "screens" / "home.png")
        browser.close()
    print(f"{out}: {len(list(out.glob('*.png')))} pictures")


if __name__ == "__main__":
    main(sys.argv[1:])
