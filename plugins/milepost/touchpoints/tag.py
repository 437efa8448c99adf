"""Puts a touchpoint into the head of a page, whoever made the page. Knows HTML; knows no Pelican and no plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from bs4 import BeautifulSoup
from markupsafe import escape

from milepost.touchpoints.model import LEVELS, Touchpoint

SCRIPT = "journey.v1.js"
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_OURS = re.compile(
    rf'[ \t]*(<meta name="touchpoint:[^>]*>|<script src="[^"]*{re.escape(SCRIPT)}" defer></script>)\n?', re.IGNORECASE
)
_REDIRECT = re.compile(r"<meta[^>]+http-equiv\s*=\s*[\"']?refresh", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_FIELD = '<input type="hidden" name="touchpoint" value="">'


def tag(html: str, touchpoint: Touchpoint, script_url: str) -> str:
    """`html` with the touchpoint's metas and the one deferred script at the end of its head.

    Done again it changes nothing; tags of an earlier time are replaced. A form's empty field "touchpoint" gets the id.
    """
    if not _HEAD_END.search(html):
        html = _with_a_head(html)
    html = _OURS.sub("", html)
    end = _HEAD_END.search(html)
    assert end, "a page that was parsed has a head"  # noqa: S101
    lines = "".join(
        f'<meta name="touchpoint:{name}" content="{escape(value)}">\n' for name, value in _metas(touchpoint)
    )
    script = f'<script src="{escape(script_url)}" defer></script>\n'
    tagged = html[: end.start()] + lines + script + html[end.start() :]
    return tagged.replace(_FIELD, _FIELD.replace('value=""', f'value="{escape(touchpoint.id)}"'))


def is_redirect(html: str) -> bool:
    """Whether the page only sends its reader on; then it is no touchpoint."""
    return _REDIRECT.search(html) is not None


def title_of(html: str) -> str:
    """The text of the page's title, or the empty string."""
    found = _TITLE.search(html)
    return " ".join(unescape(found[1]).split()) if found else ""


def _metas(touchpoint: Touchpoint) -> Iterator[tuple[str, str]]:
    yield from (("id", touchpoint.id), ("surface", touchpoint.surface), ("kind", touchpoint.kind))
    if touchpoint.topics:
        yield "topics", ",".join(touchpoint.topics)
    yield from ((level, slug) for level, slug in zip(LEVELS, touchpoint.placement, strict=True) if slug)


def _with_a_head(html: str) -> str:
    """The page as a parser understands it, for markup that leaves its head out."""
    soup = BeautifulSoup(html, "lxml")
    page = soup.html or soup.new_tag("html")
    if not page.parent:
        soup.append(page)
    if not page.head:
        page.insert(0, soup.new_tag("head"))
    return str(soup)
