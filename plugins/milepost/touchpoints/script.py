"""The scripts as they are served: the journey script without the comments and the indentation of its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_SOURCE = _STATIC / "journey.v1.js"
# Whole lines, after the first, which says what it is: nothing that could stand in a text.
_COMMENT = re.compile(r"^ *//.*\n|^ +|^\n", re.MULTILINE)


def served() -> str:
    """The script; at most 1.9 KB when it is compressed."""
    first, *lines = _SOURCE.read_text(encoding="utf-8").splitlines(keepends=True)
    return first.partition(":")[0] + "\n" + _COMMENT.sub("", "".join(lines))


def files(vitals: bool) -> Iterator[tuple[str, str]]:
    """(name, text) of each script that a site serves from its root."""
    yield _SOURCE.name, served()
    yield "helpful.v1.js", (_STATIC / "helpful.v1.js").read_text(encoding="utf-8")
    if vitals:
        # Of the package web-vitals 6.2.3, as it is built there.
        parts = (_STATIC / "web-vitals" / "web-vitals.iife.js", _STATIC / "vitals.v1.js")
        yield "vitals.v1.js", "\n".join(part.read_text(encoding="utf-8") for part in parts)
