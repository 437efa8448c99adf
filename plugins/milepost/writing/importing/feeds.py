"""Feeds: RSS 2.0 and Atom, each entry a post, with its whole text where the feed has it."""

from __future__ import annotations

from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from milepost.writing.importing.post import Post, moment, one_line, unique

_ATOM = "{http://www.w3.org/2005/Atom}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XHTML = "{http://www.w3.org/1999/xhtml}"


def posts(root: _Element, origin: str, beside: Path | None) -> list[Post]:
    """Every entry of the feed."""
    entries = [_of_atom(entry, root) for entry in root.iter(f"{_ATOM}entry")]
    found = entries or [_of_rss(item) for item in root.iter("{*}item")]
    for post in found:
        post.origin, post.beside = f"{origin}: {post.title}", beside
    return found


def _of_rss(item: _Element) -> Post:
    whole, short = _text(item, _CONTENT), _text(item, "description")
    topics = unique(each.text for each in item.findall("category"))
    guid = item.find("guid")
    link = _text(item, "link") or (
        _text(item, "guid") if guid is not None and guid.get("isPermaLink") != "false" else ""
    )
    return Post(
        origin="",
        title=one_line(_text(item, "title")) or "Untitled",
        html=whole or short,
        url=one_line(link),
        date=moment(_text(item, "pubDate") or _text(item, f"{_DC}date")),
        authors=unique([_text(item, f"{_DC}creator") or _text(item, "author")]),
        category=topics[0] if topics else "",
        tags=topics[1:],
        summary=_plain(short) if whole else "",
        notes=[] if whole else ["the feed has a summary only"],
    )


def _of_atom(entry: _Element, feed: _Element) -> Post:
    content, summary = entry.find(f"{_ATOM}content"), entry.find(f"{_ATOM}summary")
    topics = unique(each.get("label") or each.get("term") for each in entry.findall(f"{_ATOM}category"))
    links = {each.get("rel", "alternate"): each.get("href", "") for each in reversed(entry.findall(f"{_ATOM}link"))}
    by = entry.findall(f"{_ATOM}author") or feed.findall(f"{_ATOM}author")
    return Post(
        origin="",
        title=_plain(_html(entry.find(f"{_ATOM}title"))) or "Untitled",
        html=_html(content if content is not None else summary),
        url=one_line(links.get("alternate", "")),
        date=moment(_text(entry, f"{_ATOM}published") or _text(entry, f"{_ATOM}updated")),
        updated=moment(_text(entry, f"{_ATOM}updated")),
        authors=unique(each.findtext(f"{_ATOM}name") for each in by),
        category=topics[0] if topics else "",
        tags=topics[1:],
        summary=_plain(_html(summary)) if content is not None else "",
        notes=[] if content is not None else ["the feed has a summary only"],
    )


def _html(element: _Element | None) -> str:
    """An Atom text construct as HTML: text is escaped, HTML is within text, XHTML is within a `div`."""
    if element is None:
        return ""
    kind = element.get("type", "text")
    if kind == "xhtml":
        for part in element.iter():
            part.tag = str(part.tag).removeprefix(_XHTML)
        return "".join(etree.tostring(child, encoding="unicode", method="html", with_tail=False) for child in element)
    text = element.text or ""
    return text if kind in ("html", "text/html") else text.replace("&", "&amp;").replace("<", "&lt;")


def _plain(html: str) -> str:
    from bs4 import BeautifulSoup

    return one_line(BeautifulSoup(html, "lxml").get_text(" ")) if html else ""


def _text(element: _Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
