"""How the generated pages of the reference are written: plain Markdown, lists of terms that fit a telephone."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPECIAL = re.compile(r"([\\*_\[\]{}#!|])")
_CODE = re.compile(r"(`+[^`]+`+)")
_LOOKS_LIKE_CODE = re.compile(
    r"!\[[^\]]*\]\([^)]*\)|\{[^{}\n]+\}"  # pieces of Markdown, such as {filename}
    r"|(?<![\w`/.-])(?:--[a-z][a-z-]+|[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|(?:PATH|SITEURL|TIMEZONE|PLUGINS)\b"
    r"|[a-z+]+://[^\s,;]*[^\s,;.]|[\w-]+\.(?:toml|json|py|csv)|(?:/[a-z]+)+/)"
)


def page(title: str, order: int, summary: str, *parts: str) -> str:
    """The whole source of a generated page."""
    front = [
        "---",
        "# Generated from the code by `make reference`: what is changed here is lost.",
        f"Title: {title}",
        f"Order: {order}",
        f"Summary: {summary}",
        "---",
    ]
    return "\n\n".join(["\n".join(front), *(part.strip() for part in parts)]) + "\n"


def prose(text: str) -> str:
    """Plain text as Markdown: nothing in it is taken for markup but `code`, and what is code is shown as such."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(part if index % 2 else _plain(part) for index, part in enumerate(parts))


def _plain(text: str) -> str:
    shown, at = [], 0
    for match in _LOOKS_LIKE_CODE.finditer(text):
        shown += [_escaped(text[at : match.start()]), f"`{match[0]}`"]
        at = match.end()
    return "".join([*shown, _escaped(text[at:])])


def _escaped(text: str) -> str:
    typographic = re.sub(r"(?<=\w)'(?=\w)", "’", text.replace("&", "&amp;").replace("<", "&lt;"))
    return _SPECIAL.sub(r"\\\1", typographic)


def term(name: str, anchor: str, about: str, facts: str = "") -> str:
    """One entry of a list of terms; `name` is shown as code, and can be linked to by `anchor`."""
    return f"`{name}` {{#{anchor}}}\n:   {about}" + (f" *{facts}*" if facts else "")


def terms(entries: Iterable[str]) -> str:
    """A list of terms."""
    return "\n\n".join(entries)


def anchor(*names: str) -> str:
    """An id made of names: `milepost check` and `--explain` become `check-explain`."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(names).lower()).strip("-")
