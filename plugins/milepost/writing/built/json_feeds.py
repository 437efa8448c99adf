"""JSON Feed 1.1, as far as readers depend on it. Other JSON is none of its business.

Source: https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from milepost.writing.built import whole
from milepost.writing.built.output import Output
from milepost.writing.built.whole import Told

VERSION = "https://jsonfeed.org/version/1.1"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ADDRESSES = ("url", "external_url", "image", "banner_image")
_OF_FEED = ("home_page_url", "feed_url", "icon", "favicon", "next_url")


def faults(output: Output, text: bytes, named: bool) -> Iterator[Told]:
    """What is wrong with the feed that `text` is.

    Args:
        named: whether the file is called a feed; else it is one only if it says so.
    """
    if not named and b"jsonfeed.org" not in text[:4096]:
        return
    try:
        feed = json.loads(text)
    except json.JSONDecodeError as error:
        yield f"is no JSON: {error.msg}", error.lineno
        return
    except ValueError as error:
        yield f"is no JSON: {error}", 0
        return
    if not isinstance(feed, dict):
        yield "is no object", 1
        return
    where = _Where(text)
    if feed.get("version") != VERSION:
        yield f"version is {feed.get('version')!r}, not {VERSION!r}", where.key("version")
    if not feed.get("title"):
        yield "has no title", 1
    for name in _OF_FEED:
        if name in feed:
            yield from whole.faults(output, str(feed[name]), name, where.key(name))
    if not isinstance(feed.get("items"), list):
        yield "has no list of items", where.key("items")
        return
    yield from _of_items(output, feed["items"], where)


class _Where:
    """The lines of a file that has lines."""

    def __init__(self, text: bytes) -> None:
        self.text = text.decode("utf-8", errors="replace")

    def key(self, name: str) -> int:
        """The first line that has the key, or 1."""
        return self._line(f'"{name}"', 0)

    def value(self, value: object, nth: int = 0) -> int:
        """The line of the `nth` place that has the value, or 1."""
        return self._line(json.dumps(value, ensure_ascii=False), nth)

    def _line(self, wanted: str, nth: int) -> int:
        at = self.text.find(wanted)
        for _ in range(nth):
            at = max(at, self.text.find(wanted, at + 1))
        return self.text.count("\n", 0, max(at, 0)) + 1


def _of_items(output: Output, items: list[Any], where: _Where) -> Iterator[Told]:
    ids: set[str] = set()
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            yield f"item {number} is no object", where.key("items")
            continue
        given = item.get("id")
        if not isinstance(given, str) or not given:
            yield f"item {number} has no id that is a text", where.value(given) if given else where.key("items")
        elif given in ids:
            yield f"two items have the id {given}", where.value(given, 1)
        else:
            ids.add(given)
        yield from _of_item(output, item, f"item {given or number}", where)


def _of_item(output: Output, item: dict[str, Any], which: str, where: _Where) -> Iterator[Told]:
    if "content_html" not in item and "content_text" not in item:
        yield f"{which} has neither content_html nor content_text", where.value(item.get("id"))
    for name in ("date_published", "date_modified"):
        if name in item and not _TIME.fullmatch(str(item[name])):
            yield f"{which}: {name} is no date of RFC 3339: {item[name]}", where.value(item[name])
    for name in _ADDRESSES:
        if name in item:
            yield from whole.faults(output, str(item[name]), f"{which}: {name}", where.value(item[name]))
    for author in item.get("authors", []):
        if not isinstance(author, dict) or not any(author.get(name) for name in ("name", "url", "avatar")):
            yield f"{which} has an author without name, url and avatar", where.value(item.get("id"))
