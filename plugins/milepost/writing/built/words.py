"""The lines of one source at which it has a link, a heading or an id. Knows Markdown; knows no page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from html import unescape

from markdown.extensions.toc import slugify

from milepost.prose import links, prose
from milepost.sources import Source

_ATX = re.compile(r"^ {0,3}(?P<marks>#{1,6})(?P<text>[^#\n].*?)#*\s*$")
_UNDERLINE = re.compile(r"^(?P<mark>=+|-+)\s*$")
_HTML = re.compile(r"<h(?P<level>[1-6])\b[^>]*>(?P<text>.*?)</h[1-6]>", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"\{[^{}]*\}\s*$")
_ID = re.compile(r"\{[^{}\n]*#(?P<brace>[^\s{}]+)[^{}\n]*\}|\bid\s*=\s*[\"']?(?P<html>[^\s\"'>]+)")
_LINK = re.compile(r"!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])")


class Words:
    """One source, looked through when something is first asked of it."""

    def __init__(self, source: Source, key: Callable[[str], str]) -> None:
        self.source = source
        self._key = key

    @cached_property
    def links(self) -> dict[str, list[int]]:
        """Where a link leads -> the lines that have one."""
        found: dict[str, list[int]] = defaultdict(list)
        for target, line in self._targets():
            key = self._key(target)
            for name in {key, key.partition("#")[0]}:
                if line not in found[name]:
                    found[name].append(line)
        return dict(found)

    def heading(self, level: int, text: str, nth: int) -> list[int]:
        """The line of the `nth` heading of that level and text, or of the last if there are fewer."""
        wanted = _letters(text)
        lines = [line for at, words, line in self._headings if at == level and _letters(words) == wanted]
        return lines[nth : nth + 1] or lines[-1:]

    def id(self, name: str) -> list[int]:
        """The last line that gives something this id."""
        lines = [
            number for number, text in self._prose if name in (m["brace"] or m["html"] for m in _ID.finditer(text))
        ]
        return lines[-1:] or [line for _, words, line in self._headings if slugify(_plain(words), "-") == name][-1:]

    def text(self, wanted: str) -> list[int]:
        """The first line of the body that has a text, in code or out of it."""
        lines = self.source.body.split("\n")
        found = (number for number, line in enumerate(lines, self.source.body_line) if wanted and wanted in line)
        return list(found)[:1]

    def prose(self, wanted: str) -> list[int]:
        """Every line whose prose, or whose field, has a text that does not go on."""
        pattern = re.compile(re.escape(wanted) + r"(?![\w/])")
        fields = [line for value, line in self.source.fields.values() if pattern.search(value)]
        return fields + [number for number, text in self._prose if pattern.search(text)]

    def _targets(self) -> Iterator[tuple[str, int]]:
        for link in links(self.source.body):
            yield link.target, self.source.body_line - 1 + link.line
        for link in links(self.source.get("summary") or ""):
            yield link.target, self.source.line("summary") - 1 + link.line
        for name in ("image", "photo"):
            if value := self.source.get(name):
                yield f"/{value.lstrip('/')}", self.source.line(name)

    @cached_property
    def _prose(self) -> list[tuple[int, str]]:
        return list(enumerate(prose(self.source.body).split("\n"), self.source.body_line))

    @cached_property
    def _headings(self) -> list[tuple[int, str, int]]:
        """(level, text, line). The text is taken from the body as it is, since prose has no code in it."""
        raw = self.source.body.split("\n")
        found: list[tuple[int, str, int]] = []
        before = ""
        for index, (number, text) in enumerate(self._prose):
            if match := _ATX.match(text):
                whole = _ATX.match(raw[index])
                found.append((len(match["marks"]), (whole or match)["text"], number))
            elif before.strip() and (match := _UNDERLINE.match(text)):
                found.append((1 if match["mark"][0] == "=" else 2, raw[index - 1], number - 1))
            found += [(int(html["level"]), html["text"], number) for html in _HTML.finditer(text)]
            before = text
        return found


def _plain(text: str) -> str:
    text = _LINK.sub(r"\1", _ATTRIBUTES.sub("", text))
    return unescape(re.sub(r"<[^>]*>|[*`_~]", "", text)).strip()


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", _plain(text)).casefold()
