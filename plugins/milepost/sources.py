"""What writers wrote: every Markdown source with its front matter, line by line. Knows no Pelican, no HTML.

Front matter is read as python-markdown's `meta` extension reads it, which is what Pelican uses, but the
line of every field is kept, so that a fault can be named where it stands. Between lines of `---` it may have comments.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from milepost.errors import Finding

if TYPE_CHECKING:
    from milepost.settings import Settings

SUFFIXES = (".md", ".markdown", ".mkd", ".mdown")
"""The names that Pelican reads as Markdown."""

BESIDE = ".comments.md"
"""Lies beside a source and is none: what readers said about it, exported."""

Folders = Mapping[str, Sequence[str]]

_FIELD = re.compile(r"^[ ]{0,3}(?P<key>[A-Za-z0-9_-]+):\s*(?P<value>.*)")
_MORE = re.compile(r"^[ ]{4,}(?P<value>.*)")
_FENCE = re.compile(r"^-{3}(\s.*)?")
_END = re.compile(r"^(-{3}|\.{3})(\s.*)?")


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

    @cached_property
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
    unreadable: tuple[Finding, ...] = ()
    """One for each file that is no text, and so is not among `all`."""

    def of_kind(self, *kinds: str) -> tuple[Source, ...]:
        return tuple(source for source in self.all if source.kind in kinds)

    def place(self, source: Source) -> str:
        """The source's path below the content folder, with `/`, as Pelican and `{filename}` links name it."""
        return source.path.relative_to(self.content).as_posix()


def read(content: Path, folders: Folders, excluded: Folders | None = None) -> Sources:
    """Read every Markdown file below `folders`, given as kind -> folders relative to `content`.

    A file below several of them is of the first kind that has it. `excluded` names, by kind again, the
    folders below those that are left out.
    """
    found: dict[str, str] = {}
    for kind, names in folders.items():
        leave_out = {str(content / name) for name in (excluded or {}).get(kind, ())}
        for name in names:
            for path in _markdown_below(content / name, leave_out):
                found.setdefault(path, kind)
    sources: list[Source] = []
    unreadable: list[Finding] = []
    for file, kind in sorted(found.items()):
        try:
            sources.append(parse(Path(file), kind))
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            fault = f"byte {error.object[error.start]:#x} is not UTF-8"
            unreadable.append(Finding(os.path.relpath(file), line, "text", fault, "save the file as UTF-8"))
    return Sources(content, tuple(sources), tuple(unreadable))


def of_site(settings: Settings) -> Sources:
    """Every source of the site: the articles and pages of Pelican's settings, and what the slices add."""
    folders: dict[str, tuple[str, ...]] = {}
    for name in settings.enabled:
        if name in settings.models:
            folders |= settings.models[name].folders()
    # A slice's own folders first: Pelican's articles may be in all of the content folder.
    folders |= {"page": settings.site.page_paths, "article": settings.site.article_paths}
    excluded = {kind: settings.pelican.get(f"{kind.upper()}_EXCLUDES", []) for kind in ("article", "page")}
    return read(settings.site.content, folders, excluded)


def _markdown_below(folder: Path, leave_out: set[str]) -> Iterator[str]:
    if folder.is_file():
        yield str(folder)
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [
            name for name in folders if not name.startswith(".") and f"{parent.rstrip('/')}/{name}" not in leave_out
        ]
        for name in files:
            if name.endswith(SUFFIXES) and not name.endswith(BESIDE) and not name.startswith("."):
                yield f"{parent.rstrip('/')}/{name}"


def parse(path: Path, kind: str, text: str | None = None) -> Source:
    """One source, from `text` where it is given (an unsaved buffer), else from the file.

    Raises:
        UnicodeDecodeError: when the file is not UTF-8.
    """
    if text is None:
        text = path.read_text(encoding="utf-8-sig")
    # As python-markdown does before it looks for front matter; splitlines() would count form feeds too.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).split("\n")
    fields: dict[str, tuple[str, int]] = {}
    names: dict[str, str] = {}
    repeated: list[tuple[str, int]] = []
    fenced = bool(_FENCE.match(lines[0]))
    number, key = int(fenced), None
    while number < len(lines):
        line = lines[number]
        if fenced and line.startswith("#"):
            number += 1
            continue
        if not line.strip() or _END.match(line):
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


def without_comments(lines: Sequence[str]) -> list[str]:
    """`lines` of a whole file, without the comments of its front matter."""
    if not lines or not _FENCE.match(lines[0]):
        return list(lines)
    end = next((n for n, line in enumerate(lines) if n and (not line.strip() or _END.match(line))), len(lines))
    return [*(line for line in lines[:end] if not line.startswith("#")), *lines[end:]]
