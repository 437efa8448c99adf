"""What the checks ask of one HTML page, read out of it once. Knows HTML; knows no site and no file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import cast

import lxml.html
import msgspec
from lxml import etree

from milepost.writing.built import structured

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_REFRESH = re.compile(r"\s*[\d.]+\s*[;,]\s*url\s*=\s*['\"]?(?P<url>[^'\"]*)", re.IGNORECASE)
_WHOLE = re.compile(rb"<!doctype\s|<html[\s>]", re.IGNORECASE)
_FILLED = (b"<!-- milepost:slot -->", b" data-search>", b" data-issues>", b'id="discussion-title"')
_SRCSET = re.compile(r"[\s,]*(?P<url>\S*[^\s,])(?:\s+[^,]*)?(?:,|$)")
_PAGE, _IMAGE, _FILE = "page", "image", "file"
_HREFS = {"a": _PAGE, "area": _PAGE}
_FILE_RELS = {"stylesheet", "icon", "alternate", "canonical", "next", "prev", "manifest", "preload"}
_SOURCES = {"img": _IMAGE, "input": _IMAGE, "script": _FILE, "iframe": _PAGE, "audio": _FILE, "video": _FILE}
_SOURCES |= {"source": _FILE, "track": _FILE, "embed": _FILE}
_PICTURES = ("og:image", "twitter:image")


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """One page. Addresses are as written."""

    links: tuple[tuple[str, str], ...] = ()
    """(address, what it leads to: page, image or file), each once."""
    ids: tuple[str, ...] = ()
    """Everything that an #anchor can lead to, each once."""
    twice: tuple[str, ...] = ()
    """Ids that more than one element has."""
    headings: tuple[tuple[int, str], ...] = ()
    """(level, text) of each heading in `main`, or in the body where there is no `main`; of h1, wherever it is."""
    without_alt: tuple[str, ...] = ()
    """Images without an `alt`; one that is empty says that there is nothing to say."""
    data_faults: tuple[str, ...] = ()
    """What is wrong with its JSON-LD."""
    data_images: tuple[str, ...] = ()
    touchpoint: str = ""
    redirect: str = ""
    """Where the page sends its reader, if it does."""
    is_whole: bool = True
    """Whether it is a document, and no fragment such as a file by which a search engine knows its owner."""
    is_shell: bool = False
    """Whether a slice fills it with what is its own, headings and all: a service, or the search."""


def facts_of(html: bytes) -> Facts:
    """The facts of a page; an empty one has none."""
    try:
        root = lxml.html.document_fromstring(html, parser=lxml.html.HTMLParser(encoding="utf-8"))
    except etree.ParserError:
        return Facts(is_whole=False)
    ids: Counter[str] = Counter()
    names: list[str] = []
    links: dict[tuple[str, str], None] = {}
    headings: list[tuple[int, str]] = []
    without_alt: list[str] = []
    data: list[str] = []
    found = {"touchpoint": "", "redirect": ""}
    scope = "main" if root.find(".//main") is not None else "body"
    for element in root.iter(etree.Element):
        tag, given = str(element.tag), cast("dict[str, str]", element.attrib)
        if not given and tag not in _HEADINGS:
            continue
        if "id" in given:
            ids[given["id"]] += 1
        links.update(dict.fromkeys(_links(tag, given)))
        if tag in _HEADINGS:
            if tag == "h1" or next(element.iterancestors(scope), None) is not None:
                headings.append((_HEADINGS[tag], " ".join("".join(map(str, element.itertext())).split())))
        elif tag == "img" and "alt" not in given:
            without_alt.append(given.get("src", ""))
        elif tag == "a" and "name" in given:
            names.append(given["name"])
        elif tag == "script" and given.get("type", "").lower() == "application/ld+json":
            data.append(element.text or "")
        elif tag == "meta":
            _take_meta(given, found)
    thing_faults, thing_images = structured.of_blocks(data)
    return Facts(
        links=tuple(links),
        ids=tuple(dict.fromkeys([*ids, *names])),
        twice=tuple(name for name, count in ids.items() if count > 1),
        headings=tuple(headings),
        without_alt=tuple(without_alt),
        data_faults=tuple(thing_faults),
        data_images=tuple(thing_images),
        is_whole=_WHOLE.search(html[:4096]) is not None,
        is_shell=any(mark in html for mark in _FILLED),
        **found,
    )


def _links(tag: str, given: dict[str, str]) -> Iterator[tuple[str, str]]:
    if "href" in given:
        if tag == "link":
            if _FILE_RELS & set(given.get("rel", "").lower().split()):
                yield given["href"].strip(), _FILE
        else:
            yield given["href"].strip(), _HREFS.get(tag, _FILE)
    if "src" in given and tag in _SOURCES:
        yield given["src"].strip(), _SOURCES[tag]
    if "srcset" in given:
        yield from ((match["url"], _IMAGE) for match in _SRCSET.finditer(given["srcset"]))
    if "poster" in given:
        yield given["poster"].strip(), _IMAGE
    if tag == "object" and "data" in given:
        yield given["data"].strip(), _FILE
    if tag == "form" and given.get("action"):
        yield given["action"].strip(), _PAGE
    if tag == "meta" and (given.get("property") or given.get("name")) in _PICTURES:
        yield given.get("content", "").strip(), _IMAGE


def _take_meta(given: dict[str, str], found: dict[str, str]) -> None:
    if given.get("name") == "touchpoint:id":
        found["touchpoint"] = given.get("content", "")
    elif given.get("http-equiv", "").lower() == "refresh" and (match := _REFRESH.match(given.get("content", ""))):
        found["redirect"] = match["url"].strip()
