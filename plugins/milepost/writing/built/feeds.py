"""Feeds: Atom by RFC 4287, JSON Feed 1.1, each as far as readers depend on it.

Sources: https://www.rfc-editor.org/rfc/rfc4287, https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from milepost.writing.built.fault import Fault
from milepost.writing.built.output import Output

RULE = "feed"
VERSION = "https://jsonfeed.org/version/1.1"
_ATOM = "{http://www.w3.org/2005/Atom}"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+\S*", re.IGNORECASE)
_IRI = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)
_ADDRESSES = ("url", "external_url", "image", "banner_image")
_OF_FEED = ("home_page_url", "feed_url", "icon", "favicon", "next_url")
_MOST = 20
"""How many faults of one feed are told: what is wrong with every entry is seen in a few."""


def faults(output: Output) -> Iterator[Fault]:
    """What is wrong with every feed of the site."""
    for name in sorted(output.files):
        if name.endswith((".atom", ".xml")):
            found = _of_xml(output, (output.root / name).read_bytes())
        elif name.endswith(".json"):
            found = _of_json(output, (output.root / name).read_bytes(), named=name.endswith("feed.json"))
        else:
            continue
        for number, message in enumerate(dict.fromkeys(found)):
            if number == _MOST:
                break
            yield Fault(name, RULE, message, "mend what writes the feed")


def _of_xml(output: Output, text: bytes) -> Iterator[str]:
    try:
        # No entity is expanded and nothing is fetched.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        yield f"is no XML: {error.msg}"
        return
    if root.tag != f"{_ATOM}feed":
        return
    entries = root.findall(f"{_ATOM}entry")
    yield from _of_element(output, root, "the feed")
    ids: set[str] = set()
    by_all = root.find(f"{_ATOM}author") is not None
    for entry in entries:
        named = _text(entry, "id") or _text(entry, "title") or "?"
        yield from _of_element(output, entry, f"entry {named}")
        if _text(entry, "id") in ids:
            yield f"two entries have the id {named}"
        ids.add(_text(entry, "id"))
        if not by_all and entry.find(f"{_ATOM}author") is None:
            yield f"entry {named} has no author, nor has the feed"
        if entry.find(f"{_ATOM}content") is None and not any(
            link.get("rel", "alternate") == "alternate" for link in entry.findall(f"{_ATOM}link")
        ):
            yield f"entry {named} has neither content nor an alternate link"


def _of_element(output: Output, element: etree._Element, which: str) -> Iterator[str]:
    for name in ("id", "title", "updated"):
        if element.find(f"{_ATOM}{name}") is None or (name == "id" and not _text(element, name)):
            yield f"{which} has no {name}"
    if (given := _text(element, "id")) and not _IRI.fullmatch(given):
        yield f"{which}: its id is no IRI: {given}"
    for name in ("updated", "published"):
        if (value := _text(element, name)) and not _TIME.fullmatch(value):
            yield f"{which}: {name} is no date of RFC 3339: {value}"
    for link in element.findall(f"{_ATOM}link"):
        yield from _of_address(output, str(link.get("href") or ""), f"{which}: its link")


def _of_address(output: Output, address: str, which: str) -> Iterator[str]:
    if not _ABSOLUTE.fullmatch(address):
        yield f"{which} is not absolute: {address}"
        return
    where = output.where(address, "")
    if where and where.inside and not output.is_answered(where.path):
        yield f"{which} is dead: {output.shown(where.path)}"


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{_ATOM}{name}") or "").strip()


def _of_json(output: Output, text: bytes, named: bool) -> Iterator[str]:
    if not named and b"jsonfeed.org" not in text[:4096]:
        return
    try:
        feed = json.loads(text)
    except ValueError as error:
        yield f"is no JSON: {error}"
        return
    if not isinstance(feed, dict):
        yield "is no object"
        return
    if feed.get("version") != VERSION:
        yield f"version is {feed.get('version')!r}, not {VERSION!r}"
    if not feed.get("title"):
        yield "has no title"
    for name in _OF_FEED:
        if name in feed:
            yield from _of_address(output, str(feed[name]), name)
    if not isinstance(feed.get("items"), list):
        yield "has no list of items"
        return
    yield from _of_items(output, feed["items"])


def _of_items(output: Output, items: list[Any]) -> Iterator[str]:
    ids: set[str] = set()
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            yield f"item {number} is no object"
            continue
        given = item.get("id")
        named_so = f"item {given or number}"
        if not isinstance(given, str) or not given:
            yield f"item {number} has no id that is a text"
        elif given in ids:
            yield f"two items have the id {given}"
        else:
            ids.add(given)
        yield from _of_item(output, item, named_so)


def _of_item(output: Output, item: dict[str, Any], which: str) -> Iterator[str]:
    if "content_html" not in item and "content_text" not in item:
        yield f"{which} has neither content_html nor content_text"
    for name in ("date_published", "date_modified"):
        if name in item and not _TIME.fullmatch(str(item[name])):
            yield f"{which}: {name} is no date of RFC 3339: {item[name]}"
    for name in _ADDRESSES:
        if name in item:
            yield from _of_address(output, str(item[name]), f"{which}: {name}")
    for author in item.get("authors", []):
        if not isinstance(author, dict) or not any(author.get(name) for name in ("name", "url", "avatar")):
            yield f"{which} has an author without name, url and avatar"
