"""What real Chromium makes of pictures: it takes the smallest that is sharp, and nothing jumps when it comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from serving import Served, serving
from sites import Site, article, png

pytestmark = pytest.mark.browser
BODY = "Text.\n\n![A](a.png)\n\n" + "More text.\n\n" * 60 + "![B](b.png)\n\nThe end."


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    site = Site(tmp_path_factory.mktemp("site"))
    lead = article(body=BODY).replace("Summary:", "Image: images/lead.png\nImage_alt: Lead\nSummary:")
    site.write({
        "content/articles/first.md": lead, "content/authors/ada.md": "Name: Ada Sample\n\nA sample.\n",
        "content/images/lead.png": png(1800, 1000), "content/articles/a.png": png(1800, 900, "navy"),
        "content/articles/b.png": png(1500, 1500, "maroon"),
    })  # fmt: skip
    site.settings_file  # noqa: B018  written when asked for
    with serving(site.root, site.root / "var", "sh", "-c", 'exec milepost serve --port "$PORT"') as running:
        yield running


CHOICES = [(375, 1, "lead", 480), (375, 2, "a", 960), (1440, 1, "lead", 960), (1440, 1, "a", 640), (1440, 2, "a", 1280)]


@pytest.mark.parametrize(("width", "density", "name", "expected"), CHOICES)
def test_the_smallest_picture_that_is_sharp_is_taken(
    chromium: Browser, served: Served, width: int, density: int, name: str, expected: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, device_scale_factor=density)
    page = context.new_page()
    page.goto(f"{served.url}/first-post/")
    image = page.locator(f'picture img[src*="/{name}."]')
    image.scroll_into_view_if_needed()
    page.wait_for_function(f"""() => document.querySelector('picture img[src*="/{name}."]').complete""")
    current, shown = image.evaluate(
        "image => [image.currentSrc, image.getBoundingClientRect().width * devicePixelRatio]"
    )
    assert Path(current).suffix == ".avif"
    chosen = int(current.split(".")[-2])
    assert chosen == expected
    assert shown <= chosen * 1.05
    context.close()


@pytest.mark.parametrize("path", ["/first-post/", "/"])
def test_nothing_jumps_and_what_is_far_away_waits(chromium: Browser, served: Served, path: str) -> None:
    context = chromium.new_context(viewport={"width": 375, "height": 800})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) "
        "window.shifts += entry.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(served.url + path)
    page.wait_for_load_state("load")
    assert not [url for url in asked if "/b." in url]
    page.keyboard.press("End")
    if path != "/":
        page.wait_for_function("""() => document.querySelector('img[src*="/b."]').naturalWidth > 0""")
    assert page.evaluate("() => window.shifts") == 0
    context.close()
