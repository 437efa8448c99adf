"""Puts a touchpoint into the head of a page, whoever made the page. Knows HTML; knows no Pelican and no plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from bs4 import BeautifulSoup
from markupsafe import escape

from milepost.touchpoints.model import LEVELS, Touchpoint

SCRIPT = "journey.v1.js"
# Comments and what browsers read as text are passed over: a script in the head may well say "</head>".
_HEAD_END = re.compile(
    r"<!--.*?-->|<(script|style|title|template)\b.*?</\1\s*>|(?P<end></head\s*>)", re.IGNORECASE | re.DOTALL
)
_IN_HEAD = {"html", "head", "title", "meta", "link", "base", "style", "script", "noscript", "template"}
_HIDING = ("noscript", "template")
# Whatever minified the page since: quotes may be gone, and attributes in another order.
_OURS = re.compile(
    rf"""(<meta\s+(?:content=(?:"[^"]*"|'[^']*'|[^\s"'>]+)\s+)?name=["']?touchpoint:[^>]*>"""
    rf"""|<script\b[^>]*\ssrc=["']?[^"'\s>]*{re.escape(SCRIPT)}["'\s>][^<]*</script\s*>)\n?""",
    re.IGNORECASE,
)
_META = re.compile(r"<meta\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_REDIRECT = re.compile(r"<meta[^>]+http-equiv\s*=\s*[\"']?refresh", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r'<input type="hidden" name="touchpoint" value="[^"]*">')


def tag(html: str, touchpoint: Touchpoint, script_url: str, vitals: float = 0.0) -> str:
    """`html` with the touchpoint's metas and the one deferred script at the end of its head.

    Done again it changes nothing; tags of an earlier time are replaced. A form's hidden field "touchpoint" gets the id.
    Of a share `vitals` of its views the script loads what measures how fast they were.
    Nothing else of the page changes, whatever it is.
    """
    html = _OURS.sub("", html)
    end = _end_of_head(html)
    lines = "".join(
        f'<meta name="touchpoint:{name}" content="{escape(value)}">\n' for name, value in _metas(touchpoint, vitals)
    )
    script = f'<script src="{escape(script_url)}" defer></script>\n'
    field = f'<input type="hidden" name="touchpoint" value="{escape(touchpoint.id)}">'
    return _FIELD.sub(lambda _: field, html[:end] + lines + script + html[end:])


def is_redirect(html: str) -> bool:
    """Whether the page only sends its reader on; then it is no touchpoint."""
    return _REDIRECT.search(html) is not None


def title_of(html: str) -> str:
    """The text of the page's title, or the empty string."""
    found = _TITLE.search(html)
    return " ".join(unescape(found[1]).split()) if found else ""


def said_by(html: str) -> dict[str, str]:
    """What the page's own metas say, by their names in lower case: `touchpoint`, `keywords`, `author` and so on."""
    found: dict[str, str] = {}
    for meta in _META.finditer(html):
        given = ((match[1], match[2] or match[3] or match[4] or "") for match in _ATTRIBUTE.finditer(meta[0]))
        values = {name.lower(): unescape(value) for name, value in given}
        if "name" in values:
            found.setdefault(values["name"].lower(), values.get("content", "").strip())
    return found


def with_own_id(html: str, id_: str) -> str:
    """`html` with a meta by which the page says itself which touchpoint it is."""
    end = _end_of_head(html)
    return f'{html[:end]}<meta name="touchpoint" content="{escape(id_)}">\n{html[end:]}'


def _metas(touchpoint: Touchpoint, vitals: float) -> Iterator[tuple[str, str]]:
    yield from (("id", touchpoint.id), ("surface", touchpoint.surface), ("kind", touchpoint.kind))
    if touchpoint.topics:
        yield "topics", ",".join(touchpoint.topics)
    yield from ((level, slug) for level, slug in zip(LEVELS, touchpoint.placement, strict=True) if slug)
    if vitals:
        yield "vitals", f"{vitals:g}"


def _end_of_head(html: str) -> int:
    """Where the head ends: at its end tag, or, in markup that leaves it out, where the body's first element is."""
    for found in _HEAD_END.finditer(html):
        if found["end"]:
            return found.start()
    for element in BeautifulSoup(html, "html.parser").find_all(True):
        if element.name not in _IN_HEAD and not element.find_parent(_HIDING):
            return _offset(html, element.sourceline or 1, element.sourcepos or 0)
    return len(html)


def _offset(html: str, line: int, column: int) -> int:
    """The offset of a parser's position: lines count from 1, columns from 0."""
    at = 0
    for _ in range(line - 1):
        at = html.index("\n", at) + 1
    return at + column
