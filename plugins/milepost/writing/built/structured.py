"""What is wrong with the JSON-LD of a page: does it parse, and has each thing what its type must have?

Knows JSON and a few types of schema.org.
Source: https://developers.google.com/search/docs/appearance/structured-data, and schema.org for the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

RULE = "structured-data"
_ARTICLE = ("headline", "datePublished", "author")
REQUIRED = {
    "BlogPosting": _ARTICLE,
    "Article": _ARTICLE,
    "NewsArticle": _ARTICLE,
    "TechArticle": ("headline",),
    "Person": ("name",),
    "Organization": ("name", "url"),
    "WebSite": ("name", "url"),
    "BreadcrumbList": ("itemListElement",),
    "ItemList": ("itemListElement",),
    "FAQPage": ("mainEntity",),
    "Question": ("name", "acceptedAnswer"),
    "Event": ("name", "startDate", "location"),
    "VideoObject": ("name", "thumbnailUrl", "uploadDate"),
    "Product": ("name",),
    "SoftwareApplication": ("name",),
}
_PART = ("name",)
"""What is required of a thing that is only named within another: an employer, say."""
_DATES = ("datePublished", "dateModified", "dateCreated", "uploadDate")
_ADDRESSES = ("url", "image", "logo", "item", "mainEntityOfPage", "sameAs")
_IMAGES = ("image", "logo")
_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_IRI = re.compile(r"[a-z][a-z0-9+.-]*:\S")
_ABSOLUTE = re.compile(r"https?://[^/\s]+")


def of_blocks(blocks: Iterable[str]) -> tuple[list[str], list[str]]:
    """(what is wrong with the blocks, the images that they name)."""
    faults: dict[str, None] = {}
    images: dict[str, None] = {}
    for text in blocks:
        try:
            data = json.loads(text)
        except ValueError as error:
            faults[f"JSON-LD that does not parse: {error}"] = None
            continue
        for thing, is_part in _things(data, is_part=False):
            faults.update(dict.fromkeys(_of_thing(thing, is_part)))
            for name in _IMAGES:
                images.update(dict.fromkeys(value for value in _strings(thing.get(name)) if _ABSOLUTE.match(value)))
    return list(faults), list(images)


def _things(data: Any, is_part: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    if isinstance(data, list):
        for value in data:
            yield from _things(value, is_part)
    elif isinstance(data, dict):
        if "@type" in data:
            yield data, is_part
        for name, value in data.items():
            yield from _things(value, is_part or name != "@graph")


def _of_thing(thing: dict[str, Any], is_part: bool) -> Iterator[str]:
    kinds = thing["@type"] if isinstance(thing["@type"], list) else [thing["@type"]]
    for kind in map(str, kinds):
        required = REQUIRED.get(kind, ())
        for name in required if not is_part or kind not in ("Organization", "WebSite") else _PART:
            if not thing.get(name):
                yield f'{kind} without "{name}"'
        if kind == "BreadcrumbList":
            yield from _of_crumbs(thing.get("itemListElement"))
    for name in _DATES:
        if (value := thing.get(name)) and not (isinstance(value, str) and _ISO.fullmatch(value)):
            yield f'{kinds[0]}: "{name}" is no date of ISO 8601: {value}'
    for name in _ADDRESSES:
        for value in _strings(thing.get(name)):
            if not (_IRI if name == "sameAs" else _ABSOLUTE).match(value):
                yield f'{kinds[0]}: "{name}" is no absolute address: {value}'


def _of_crumbs(items: Any) -> Iterator[str]:
    crumbs = items if isinstance(items, list) else [items] if items else []
    for number, crumb in enumerate(crumbs, 1):
        if not isinstance(crumb, dict):
            yield f"BreadcrumbList: entry {number} is no ListItem"
            continue
        if crumb.get("position") != number:
            yield f'BreadcrumbList: "position" of entry {number} is {crumb.get("position")}'
        # The last one is the page itself, which needs no address.
        names = ("name", "item") if number < len(crumbs) else ("name",)
        item = crumb.get("item")
        for name in names:
            if not crumb.get(name) and not (isinstance(item, dict) and item.get(name)):
                yield f'BreadcrumbList: entry {number} without "{name}"'


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))
