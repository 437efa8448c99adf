"""What writers wrote: every Markdown source with its front matter, line by line. Knows no Pelican, no HTML.

Front matter is read as python-markdown's `meta` extension reads it, which is what Pelican uses, but the
line of every field is kept, so that a fault can be named where it stands.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

_FIELD = re.compile(r"^[ ]{0,3}(?P<key>[A-Za-z0-9_-]+):\s*(?P<value>.*)")
_MORE = re.compile(r"^[ ]{4,}(?P<value>.*)")


@dataclass(frozen=True)
class Source:
    """One Markdown file. `fields` has lower-case keys and (value, line); `body_line` is the body's first line."""

    path: Path
    kind: str
    fields: dict[str, tuple[str, int]]
    names: dict[str, str]
    """Each field's name as it was written, by its lower-case key."""
    body: str
    body_line: int
    repeated: tuple[tuple[str, int], ...] = ()
    """(name, line) of fields that stand in the front matter more than once."""

    @property
    def name(self) -> str:
        """The path as a person would type it: relative to where the command runs, if below it."""
        return os.path.relpath(self.path)

    def get(self, key: str) -> str | None:
        """The value of a field as it was written, or None."""
        return self.fields[key][0] if key in self.fields else None

    def line(self, key: str) -> int:
        """The line of a field, or 1 where it is not there: what is missing belongs at the top."""
        return self.fields[key][1] if key in self.fields else 1


@dataclass(frozen=True)
class Sources:
    """All sources of a site, in the order of their paths, and the folder they are in."""

    content: Path
    all: tuple[Source, ...] = field(default=())

    def of_kind(self, *kinds: str) -> tuple[Source, ...]:
        return tuple(source for source in self.all if source.kind in kinds)


def read(content: Path, folders: dict[str, tuple[str, ...]]) -> Sources:
    """Read every `.md` below `folders`, given as kind -> folders relative to `content`."""
    found: dict[Path, str] = {}
    for kind, names in folders.items():
        for name in names:
            for path in (content / name).rglob("*.md"):
                if not any(part.startswith(".") for part in path.relative_to(content).parts):
                    found.setdefault(path, kind)
    return Sources(content, tuple(parse(path, kind) for path, kind in sorted(found.items())))


def parse(path: Path, kind: str, text: str | None = None) -> Source:
    """One source, from `text` where it is given (an unsaved buffer), else from the file."""
    lines = (path.read_text(encoding="utf-8-sig") if text is None else text).splitlines()
    fields: dict[str, tuple[str, int]] = {}
    names: dict[str, str] = {}
    repeated: list[tuple[str, int]] = []
    number, key = 0, None
    fenced = bool(lines) and lines[0].rstrip() == "---"
    if fenced:
        number = 1
    while number < len(lines):
        line = lines[number]
        if not line.strip() or (fenced and line.rstrip() in ("---", "...")):
            number += 1
            break
        if match := _FIELD.match(line):
            key = match["key"].lower()
            if key in fields:
                repeated.append((match["key"], number + 1))
            names.setdefault(key, match["key"])
            fields.setdefault(key, (match["value"].strip(), number + 1))
        elif key and (match := _MORE.match(line)):
            value, first = fields[key]
            fields[key] = (f"{value}\n{match['value'].strip()}".strip(), first)
        else:
            break
        number += 1
    return Source(path, kind, fields, names, "\n".join(lines[number:]), number + 1, tuple(repeated))
