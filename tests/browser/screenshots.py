"""`make screenshots`: every kind of page at three widths, light and dark, into var/screenshots/, to be looked at."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import sync_playwright

from browser.conftest import QUIET
from serving import serving
from sites import ROOT

PAGES = {
    "home": "/",
    "article": "/there-never-was-a-funnel/",
    "doc": "/docs/first-post/",
    "docs": "/docs/",
    "page": "/about/",
    "privacy": "/privacy/",
    "category": "/categories/",
    "archives": "/archives/",
    "authors": "/authors/",
    "author": "/author/ada-sample/",
    "lost": "/nowhere/",
    "journeys": "/journeys/",
    "outbox": "/outbox/",
}
WIDTHS = (375, 768, 1440)


def main(only: list[str]) -> None:
    out = Path(os.environ.get("SCREENSHOTS", ROOT / "var" / "screenshots"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(ROOT, Path(folder) / "var") as served, sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                for name, path in PAGES.items():
                    if only and name not in only:
                        continue
                    page.goto(served.url + path)
                    page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
                page.close()
        browser.close()
    print(f"{out}: {len(list(out.glob('*.png')))} pictures")


if __name__ == "__main__":
    main(sys.argv[1:])
