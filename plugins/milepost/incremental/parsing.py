"""The one Markdown parser, spared what can come to nothing: the same answers, sooner.

Python-Markdown asks each of its inline patterns about each piece of text, and Pygments works out a stylesheet for each
block of code, which nobody asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markdown import Markdown
from markdown.extensions import codehilite
from markdown.treeprocessors import InlineProcessor
from markdown.util import AtomicString
from pygments.formatters.html import HtmlFormatter

_SIGNS: dict[str, str] = {
    "arithmatex-inline": "$\\",
    "autolink": "<",
    "automail": "<",
    "backtick": "`",
    "em_strong": "*_",
    "em_strong2": "_",
    "entity": "&",
    "escape": "\\",
    "footnote": "[",
    "html": "<",
    "image_link": "[",
    "image_reference": "[",
    "keys": "+",
    "keys-custom": "+",
    "linebreak": "\n",
    "link": "[",
    "not_strong": "*_",
    "reference": "[",
    "short_image_ref": "[",
    "short_reference": "[",
}
"""By the name of a pattern, characters of which a text must have one to match it."""
_KNOWN = ("markdown.", "pymdownx.")


class _Inline(InlineProcessor):
    """Asks only the patterns that have a sign of theirs in the text."""

    _patterns: tuple[tuple[Any, frozenset[str]], ...] = ()

    # Its name is private to the class that it is of.
    def _InlineProcessor__handleInline(self, data: str, patternIndex: int = 0) -> str:  # noqa: N802, N803
        if isinstance(data, AtomicString):
            return data
        if len(self._patterns) != len(self.inlinePatterns):
            self._patterns = tuple(
                (pattern, _signs(self.inlinePatterns._priority[number].name, pattern))  # type: ignore[attr-defined]
                for number, pattern in enumerate(self.inlinePatterns)
            )
        start, number, present = 0, patternIndex, set(data)
        while number < len(self._patterns):
            pattern, signs = self._patterns[number]
            matched = not signs or not signs.isdisjoint(present)
            if matched:
                data, matched, start = self._InlineProcessor__applyPattern(pattern, data, number, start)  # type: ignore[attr-defined]
                present = set(data) if matched else present
            if not matched:
                start, number = 0, number + 1
        return data


def _signs(name: str, pattern: object) -> frozenset[str]:
    return frozenset(_SIGNS.get(name, "") if type(pattern).__module__.startswith(_KNOWN) else "")


def converter(settings: Mapping[str, Any]) -> Markdown:
    """A `Markdown` by Pelican's setting of that name."""
    md = Markdown(**settings)
    inline = md.treeprocessors["inline"]
    if type(inline) is InlineProcessor:
        inline.__class__ = _Inline
    return md


def spare_lookups() -> None:
    """Let Pygments find a language, and work out the stylesheet of a style, once for as long as this process lives."""
    usual, made = HtmlFormatter._create_stylesheet, {}
    find, found = codehilite.get_lexer_by_name, {}  # type: ignore[attr-defined]

    def kept(formatter: Any) -> None:
        key = formatter.style, formatter.classprefix
        if key not in made:
            usual(formatter)
            made[key] = formatter.ttype2class, formatter.class2style
        formatter.ttype2class, formatter.class2style = (dict(one) for one in made[key])

    def get_lexer_by_name(alias: str, **options: Any) -> Any:
        if alias not in found:
            found[alias] = type(find(alias, **options))
        return found[alias](**options)

    HtmlFormatter._create_stylesheet = kept
    codehilite.get_lexer_by_name = get_lexer_by_name  # type: ignore[attr-defined]
