"""Tags and categories whose names differ by nothing but case. Knows front matter only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milepost.errors import Finding
from milepost.writing.entries import Entry
from milepost.writing.model import Fields

RULE = "topic-case"


def faults(entries: Iterable[Entry]) -> Iterator[Finding]:
    """A warning for each file that writes a topic otherwise than the first file that has it."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in entries:
        if not isinstance(entry.fields, Fields):
            continue
        source = entry.source
        for kind, names in (("category", [entry.fields.category]), ("tags", entry.fields.tags.split(","))):
            for name in (given.strip() for given in names):
                spelt, where = first.setdefault((kind, name.casefold()), (name, source.name))
                if spelt != name:
                    what = f'"{name}" is written "{spelt}" in {where}'
                    yield Finding(source.name, source.line(kind), RULE, what, "write both alike", "warning")
