"""From HTML to what is read: plain text, minutes, absolute links. Knows no Pelican."""

from __future__ import annotations

import lxml.html
from lxml import etree

WORDS_PER_MINUTE = 230
"""A usual adult's pace on a screen (Brysbaert 2019: 238 in print, a little less for technical text)."""


def plain(html: str) -> str:
    """The text of an HTML fragment, white space folded."""
    return " ".join(_fragment(html).text_content().split()) if html.strip() else ""


def minutes(html: str) -> int:
    """How long the text of `html` takes to read, in minutes, at least 1."""
    return max(1, round(len(plain(html).split()) / WORDS_PER_MINUTE))


def shortened(text: str, most: int = 300) -> str:
    """`text`, cut after a word where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:.–—") + "…"


def absolute(html: str, base_url: str) -> str:
    """`html` with every link absolute, for readers who see it away from its page."""
    if not html.strip():
        return ""
    fragment = _fragment(html)
    fragment.make_links_absolute(base_url, handle_failures="ignore")
    inner = (etree.tostring(child, encoding="unicode", method="html") for child in fragment)
    return (fragment.text or "") + "".join(inner)


def _fragment(html: str) -> lxml.html.HtmlElement:
    return lxml.html.fragment_fromstring(html, create_parent="div")
