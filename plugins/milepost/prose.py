"""What of a Markdown body is prose and not code, and the links and images in it; by line, without rendering.

Follows python-markdown's block rules as far as they decide what is code. Knows no file and no site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

TAB = 4
"""Columns that python-markdown indents a block by to make it code, or a part of a list item."""

_FENCE = re.compile(r"^(?P<indent>[ >]*)(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_CONTAINER = re.compile(r"(?:[*+-]|\d+\.) +\S|(?:!!!|\?\?\?\+?) ?\w|\[\^[^\]]+\]:|: {3}\S")
_CONTAINERS = frozenset("*+-!?[:0123456789")
# Most code spans are within a line and have no tick inside; the general pattern is for the few others.
_SHORT_SPAN = re.compile(r"(?P<ticks>`++)[^`\n]++(?P=ticks)(?!`)")
_SPAN = re.compile(r"(?<![\\`])(?P<ticks>`++)(?:(?!\n[ ]*\n).)+?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
_RAW = re.compile(
    r"<!--.*?-->|<(?P<tag>pre|code|script|style|textarea)\b[^>]*>.*?</(?P=tag)\s*>", re.DOTALL | re.IGNORECASE
)
_NOT_NEWLINE = re.compile(r"[^\n]")

# Possessive (`++`, `*+`), so that no text takes long, whatever brackets it leaves open.
_WORDS = r"(?:[^\[\]]++|\[[^\[\]]*+\])*+"
_TARGET = r"\(\s*+(?:<(?P<angled>[^<>\n]*+)>|(?P<plain>[^\s()]*+(?=\s*\)|\s+[\"'])|(?:[^()\n]|\([^()\n]*+\))*?))"
_TITLE = r"(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
# Begins with what is rare in prose: the characters before it (`!`, a backslash) are looked at where it matches.
_INLINE = re.compile(r"\[(?P<text>" + _WORDS + r")\]" + _TARGET + _TITLE + r"(?P<attributes>\{[^{}\n]*\})?")
_REFERENCE = re.compile(r"^ {0,3}\[(?P<id>[^\]^][^\]]*)\]: *<?(?P<target>[^\s>]+)>?", re.MULTILINE)
_REFERRED = re.compile(r"(?<!\\)!\[(?P<text>[^\[\]]*)\](?!\()(?:\s?\[(?P<id>[^\[\]]*)\])?(?P<attributes>\{[^{}\n]*\})?")
_TAG = re.compile(r"<(?P<tag>[a-z][a-z0-9]*)\b(?P<rest>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?P<name>[\w-]+)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')")
_TARGETS = ("href", "src", "poster", "data", "cite", "formaction", "action", "content")
_DECORATIVE = re.compile(r"(?<![\w-])\.decorative(?![\w-])")
_INTERESTING = re.compile(r"\]\(|\]:|\]\s?\[|<\w")


@dataclass(frozen=True)
class Link:
    """One address in the prose. `line` counts from 1 in the body; `alt` is None where the link is no image."""

    target: str
    line: int
    alt: str | None = None
    decorative: bool = False

    @property
    def is_image(self) -> bool:
        return self.alt is not None


def links(body: str) -> Iterator[Link]:
    """Every link and image in the prose of `body`: inline, by reference, and as HTML."""
    if not _INTERESTING.search(body):
        return
    text = prose(body)
    line = _Lines(text)
    yield from _inline(text, line)
    if "]:" in text:
        yield from _by_reference(text, line)
    if "<" in text:
        yield from _html(text, line)


def prose(body: str) -> str:
    """`body` with everything that is code, comment or script blanked, every line in its place."""
    text = _without_blocks(body) if "```" in body or "~~~" in body or "    " in body else body
    if "<" in text:
        text = _RAW.sub(_blank, text)
    if "`" in text:
        text = _SHORT_SPAN.sub(_blank_unless_escaped, text)
    return _SPAN.sub(_blank, text) if "`" in text else text


def _without_blocks(body: str) -> str:
    """Blank fenced and indented code. A list item, note or footnote takes four columns of its own."""
    kept: list[str] = []
    inside: list[int] = []
    fence, blank_before, in_code = "", True, False
    for line in body.split("\n"):
        bare = line.strip()
        if fence:
            kept.append("")
            if bare.strip("> ").startswith(fence) and not bare.strip("> ").strip(fence[0]):
                fence, blank_before = "", True
            continue
        if not bare:
            kept.append("")
            blank_before = True
            continue
        if ("```" in line or "~~~" in line) and (match := _FENCE.match(line)):
            fence = match["fence"]
            kept.append("")
            continue
        indent = len(line) - len(line.lstrip(" "))
        while inside and blank_before and indent < inside[-1]:
            inside.pop()
        in_code = (blank_before or in_code) and indent >= (inside[-1] if inside else 0) + TAB
        kept.append("" if in_code else line)
        if not in_code and bare[0] in _CONTAINERS and _CONTAINER.match(bare):
            level = indent // TAB * TAB + TAB
            inside = [outer for outer in inside if outer < level] + [level]
        blank_before = False
    return "\n".join(kept)


class _Lines:
    """The line of an offset into a text; offsets may come in any order."""

    def __init__(self, text: str) -> None:
        self.text = text

    def of(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


def _inline(text: str, line: _Lines, before: int = 0) -> Iterator[Link]:
    """`[text](target)` and `![alt](target)`, and what is in the text: `[![alt](picture)](page)`."""
    for match in _INLINE.finditer(text):
        start = match.start()
        image = text[start - 1 : start] == "!" and text[start - 2 : start - 1] != "\\"
        if text[start - 1 : start] == "\\":
            continue
        if "](" in match["text"]:
            yield from _inline(match["text"], line, before + match.start("text"))
        target = match["angled"] if match["angled"] is not None else match["plain"]
        yield _link(target, line.of(before + start), match if image else None)


def _by_reference(text: str, line: _Lines) -> Iterator[Link]:
    """Images that name their address elsewhere, `![alt][id]`, and every address that is named so."""
    references = {match["id"].casefold(): match["target"] for match in _REFERENCE.finditer(text)}
    shown = set()
    for match in _REFERRED.finditer(text):
        name = (match["id"] or match["text"]).casefold()
        if name in references:
            shown.add(name)
            yield _link(references[name], line.of(match.start()), match)
    for match in _REFERENCE.finditer(text):
        if match["id"].casefold() not in shown:
            yield Link(match["target"], line.of(match.start()))


def _link(target: str, line: int, image: re.Match[str] | None) -> Link:
    target = target.strip()
    if "&" in target:
        target = unescape(target)
    if image is None:
        return Link(target, line)
    return Link(target, line, image["text"].strip(), bool(_DECORATIVE.search(image["attributes"] or "")))


def _html(text: str, line: _Lines) -> Iterator[Link]:
    for match in _TAG.finditer(text):
        given = {m["name"].lower(): m["double"] or m["single"] or "" for m in _ATTRIBUTE.finditer(match["rest"])}
        image = match["tag"].lower() == "img"
        for name in _TARGETS:
            if name not in given:
                continue
            alt = given.get("alt", "").strip() if image and name == "src" else None
            # In HTML, unlike in `![](picture)`, an empty alt is there because somebody meant it.
            yield Link(unescape(given[name]), line.of(match.start()), alt, decorative="alt" in given)


def _blank(match: re.Match[str]) -> str:
    found = match[0]
    return _NOT_NEWLINE.sub(" ", found) if "\n" in found else " " * len(found)


def _blank_unless_escaped(match: re.Match[str]) -> str:
    escaped = match.string[match.start() - 1 : match.start()] == "\\"
    return match[0] if escaped else _blank(match)
