"""The headings of a rendered text, for a table of contents. Knows HTML, and no Pelican."""

from __future__ import annotations

from html.parser import HTMLParser

from markupsafe import Markup, escape

LEVELS = {"h2": 2, "h3": 3}


def headings(html: str) -> list[tuple[int, str, Markup]]:
    """(level, id, text) of every h2 and h3 that has an id; the text is escaped and without tags."""
    parser = _Headings()
    parser.feed(html)
    parser.close()
    return parser.found


class _Headings(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str, Markup]] = []
        self._open: tuple[str, str] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        anchor = dict(attrs).get("id")
        if tag in LEVELS and anchor:
            self._open, self._text = (tag, anchor), []

    def handle_data(self, data: str) -> None:
        if self._open:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[0]:
            self.found.append((LEVELS[tag], self._open[1], escape("".join(self._text).strip())))
            self._open = None
