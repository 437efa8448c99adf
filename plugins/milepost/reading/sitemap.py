"""`sitemap.xml` and `robots.txt`: which pages there are, and which addresses are nobody's to crawl."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

NAME = "sitemap.xml"
ROBOTS = "robots.txt"
_PRIVATE = ("/newsletter/", "/journey/", "/journeys/", "/outbox/")


def text_of(pages: Mapping[str, str | None]) -> str:
    """The sitemap of `pages`: absolute address -> when it last changed (ISO 8601) or None."""
    rows = [
        f"<url><loc>{escape(url)}</loc>{f'<lastmod>{escape(changed)}</lastmod>' if changed else ''}</url>\n"
        for url, changed in sorted(pages.items())
    ]
    head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{head}{''.join(rows)}</urlset>\n"


def robots(site_url: str) -> str:
    """Everything may be read; pages that act for one person, and the publisher's own, may not be crawled."""
    prefix = urlsplit(site_url).path.rstrip("/")
    private = "".join(f"Disallow: {prefix}{path}\n" for path in _PRIVATE)
    return f"User-agent: *\n{private}\nSitemap: {site_url}/{NAME}\n"
