"""One page of every kind of the shipped site, and how a browser is shown them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from playwright.sync_api import Browser, Page

KINDS = {
    "home": "/",
    "article": "/there-never-was-a-funnel/",
    "doc": "/docs/first-post/",
    "docs": "/docs/",
    "page": "/about/",
    "privacy": "/privacy/",
    "category": "/category/strategy/",
    "tag": "/tag/journeys/",
    "author": "/author/ada-sample/",
    "authors": "/authors/",
    "categories": "/categories/",
    "archives": "/archives/",
    "lost": "/nowhere/",
    "search": "/search/",
    "found": "/search/?q=funnel",
    "newsletter": "/newsletter/subscribe",
    "plan": "/plan/",
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (375, 1440)


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page of a fresh context, closed at the end."""
    context = browser.new_context(**options)
    try:
        yield context.new_page()
    finally:
        context.close()
