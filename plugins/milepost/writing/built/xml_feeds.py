"""Feeds in XML: Atom by RFC 4287, RSS 2.0, each as far as readers depend on it. Other XML is none of its business.

Sources: https://www.rfc-editor.org/rfc/rfc4287, https://www.rssboard.org/rss-specification
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from lxml import etree

from milepost.writing.built import whole
from milepost.writing.built.output import Output
from milepost.writing.built.whole import Told

_ATOM = "{http://www.w3.org/2005/Atom}"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_IRI = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


def faults(output: Output, text: bytes) -> Iterator[Told]:
    """What is wrong with the feed that `text` is, each with its line."""
    try:
        # No entity is expanded and nothing is fetched.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        yield f"is no XML: {error.msg}", error.lineno or 0
        return
    if root.tag == f"{_ATOM}feed":
        yield from _atom(output, root)
    elif root.tag == "rss":
        yield from _rss(output, root)


def _atom(output: Output, root: etree._Element) -> Iterator[Told]:
    yield from _of_element(output, root, "the feed")
    ids: set[str] = set()
    by_all = root.find(f"{_ATOM}author") is not None
    for entry in root.findall(f"{_ATOM}entry"):
        line = _at(entry)
        given = _text(entry, f"{_ATOM}id")
        named = given or _text(entry, f"{_ATOM}title") or "?"
        yield from _of_element(output, entry, f"entry {named}")
        if given and given in ids:
            yield f"two entries have the id {named}", line
        ids.add(given)
        if not by_all and entry.find(f"{_ATOM}author") is None:
            yield f"entry {named} has no author, nor has the feed", line
        if entry.find(f"{_ATOM}content") is None and not any(
            link.get("rel", "alternate") == "alternate" for link in entry.findall(f"{_ATOM}link")
        ):
            yield f"entry {named} has neither content nor an alternate link", line


def _of_element(output: Output, element: etree._Element, which: str) -> Iterator[Told]:
    line = _at(element)
    for name in ("id", "title", "updated"):
        if element.find(f"{_ATOM}{name}") is None or (name == "id" and not _text(element, f"{_ATOM}id")):
            yield f"{which} has no {name}", line
    if (given := _text(element, f"{_ATOM}id")) and not _IRI.fullmatch(given):
        yield f"{which}: its id is no IRI: {given}", _line(element, f"{_ATOM}id")
    for name in ("updated", "published"):
        if (value := _text(element, f"{_ATOM}{name}")) and not _TIME.fullmatch(value):
            yield f"{which}: {name} is no date of RFC 3339: {value}", _line(element, f"{_ATOM}{name}")
    for link in element.findall(f"{_ATOM}link"):
        yield from whole.faults(output, str(link.get("href") or ""), f"{which}: its link", _at(link))


def _rss(output: Output, root: etree._Element) -> Iterator[Told]:
    channel = root.find("channel")
    if root.get("version") != "2.0":
        yield f"version is {root.get('version')!r}, not '2.0'", _at(root)
    if channel is None:
        yield "has no channel", _at(root)
        return
    for name in ("title", "link", "description"):
        if channel.find(name) is None:
            yield f"the channel has no {name}", _at(channel)
    yield from _of_rss_element(output, channel, "the channel")
    guids: set[str] = set()
    for number, item in enumerate(channel.findall("item"), 1):
        guid, line = _text(item, "guid"), _at(item)
        which = f"item {guid or _text(item, 'title') or number}"
        if not _text(item, "title") and not _text(item, "description"):
            yield f"{which} has neither title nor description", line
        if guid and guid in guids:
            yield f"two items have the guid {guid}", line
        guids.add(guid)
        yield from _of_rss_element(output, item, which)


def _of_rss_element(output: Output, element: etree._Element, which: str) -> Iterator[Told]:
    if link := _text(element, "link"):
        yield from whole.faults(output, link, f"{which}: its link", _line(element, "link"))
    if date := _text(element, "pubDate"):
        try:
            parsedate_to_datetime(date)
        except ValueError:
            yield f"{which}: pubDate is no date of RFC 822: {date}", _line(element, "pubDate")


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _line(element: etree._Element, name: str) -> int:
    found = element.find(name)
    return _at(element if found is None else found)


def _at(element: etree._Element) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else 0
