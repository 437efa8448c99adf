"""`make screenshots`: every kind of page at three widths, light and dark, into var/screenshots/, to be looked at.

The README's are made with them, at the height of a window: theme/screens/, as WebP, light and dark; the first of them
is the docs' too, in content/images/screens/.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image
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
    "category": "/category/strategy/",
    "categories": "/categories/",
    "tag": "/tag/journeys/",
    "search": "/search/",
    "found": "/search/?q=funnel",
    "markdown": "/docs/how-to/markdown/",
    "quote": "/the-objective-with-no-date/",
    "archives": "/archives/",
    "authors": "/authors/",
    "author": "/author/ada-sample/",
    "lost": "/nowhere/",
    "journeys": "/journeys/",
    "outbox": "/outbox/",
    "plan": "/plan/",
    "subscribe": "/newsletter/subscribe",
    "issues": "/issues/",
}
WIDTHS = (375, 768, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
README = {
    "home": ("home", 1440, 812), "article": ("article", 1440, 812), "doc": ("doc", 1440, 812),
    "phone": ("article", 375, 812), "report": ("report", 1440, 1180),
}  # fmt: skip
"""What the README shows: a name of a page, and the width and height of its window."""
# Who asks not to be followed is asked nothing, so that nothing lies over the page.
QUIET_READER = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
# What only the preview shows is no part of a page that is published.
AS_PUBLISHED = "document.querySelectorAll('[data-readers]').forEach(it => it.remove())"
# A picture that nobody has scrolled to has not been loaded yet.
EVERY_PICTURE = """() => Promise.all([...document.images].map(it => {
  it.loading = "eager";
  return it.decode().catch(() => {});
}))"""


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
    form.locator("output").filter(has_text="mail").wait_for()
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
    issue = served.milepost("newsletter", "issue").stdout.strip()
    served.milepost("newsletter", "send", issue)
    served.milepost("journeys", "report")
    shown = {"preview": f"/newsletter/preview/{issue}/", "mail-light": f"/newsletter/preview/{issue}/light"}
    return {"mail": mail, "mail-html": f"{mail}/html", "confirm": confirm.removeprefix(served.url), **shown}


def a_years_report(served: Served) -> dict[str, str]:
    """The report on the demo's year, from the disk."""
    made = served.milepost("journeys", "demo")
    assert made.returncode == 0, made.stderr
    folder = Path(served.env["MILEPOST_VAR"]) / "demo" / "report"
    return {
        "report": (folder / "index.html").as_uri(),
        "report-obstacles": (folder / "obstacles.html").as_uri(),
        "report-order": (folder / "to-order.html").as_uri(),
    }


def for_the_readme(browser: Browser, served: Served, pages: dict[str, str]) -> None:
    """The README's pictures anew, as a reader sees them who has been asked nothing."""
    for scheme in SCHEMES:
        for name, (page_name, width, height) in README.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.add_init_script(QUIET_READER)
            page.goto(urljoin(served.url, pages[page_name]), wait_until="networkidle")
            page.evaluate(AS_PUBLISHED)
            with Image.open(io.BytesIO(page.screenshot())) as shot:
                shot.save(ROOT / f"theme/screens/{name}-{scheme}.webp", quality=82, method=6)
            page.close()
    shutil.copy(ROOT / "theme/screens/home-light.webp", ROOT / "content/images/screens/home.webp")


def main(only: list[str]) -> None:
    out = Path(os.environ.get("SCREENSHOTS", ROOT / "var" / "screenshots"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(ROOT, Path(folder) / "var") as served, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        pages = {**PAGES, **a_readers_way(browser, served), **a_years_report(served)}
        for scheme in SCHEMES:
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                page.add_init_script(QUIET_READER)
                for name, path in pages.items():
                    if only and name not in only:
                        continue
                    page.goto(urljoin(served.url, path), wait_until="networkidle")
                    page.evaluate(EVERY_PICTURE)
                    page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
                page.close()
        if not only or "readme" in only:
            for_the_readme(browser, served, pages)
        browser.close()
    print(f"{out}: {len(list(out.glob('*.png')))} pictures")


if __name__ == "__main__":
    main(sys.argv[1:])
