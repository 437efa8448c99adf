"""Every source with its front matter read and judged: the one pass that the other checks build on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from milepost.errors import Finding
from milepost.schema import FrontMatter, front_matter, validate
from milepost.settings import Settings
from milepost.sources import Source, Sources
from milepost.writing import addresses, model


@dataclass(frozen=True)
class Entry:
    """One source. `fields` is None where its front matter has faults; it counts as published then."""

    source: Source
    place: str
    """Its path below the content folder, as `{filename}` links name it."""
    fields: FrontMatter | None
    published: bool
    faults: tuple[Finding, ...]
    slug: str = ""
    """Of an article or page; empty too where none can be made of its title."""


def entries(sources: Sources, settings: Settings, now: datetime | None = None) -> list[Entry]:
    """Every source of `sources`, in their order. `now` decides what is still to come."""
    now = now or datetime.now(UTC)
    return [_entry(source, sources.place(source), settings, now) for source in sources.all]


def _entry(source: Source, place: str, settings: Settings, now: datetime) -> Entry:
    given = addresses.defaults(place, settings.pelican)
    schema = front_matter(source.kind, settings.enabled)
    status = (source.get("status") or str(given.get("status", ""))).lower()
    dated = source.kind == "article" and status not in model.UNPUBLISHED
    extra = [name.lower() for name in settings.of(model.Settings).fields]
    fields, faults = validate(source, schema, given, ("date",) if dated else (), extra)
    faults = [*(_no_front_matter(source) or faults), *_repetitions(source)]
    published = not fields or addresses.published(fields, source.kind, settings.pelican, now)
    slug = addresses.slug(fields, place, settings.pelican) if isinstance(fields, model.Addressed) else ""
    return Entry(source, place, None if faults else fields, published, tuple(faults), slug)


def _no_front_matter(source: Source) -> list[Finding]:
    """The one fault of a file whose first line is empty: Pelican reads all of it as text."""
    first = next((line for line in source.body.split("\n") if line.strip()), "")
    if source.fields or source.body_line != 2 or ":" not in first.split(" ")[0]:
        return []
    what = f'"{first.strip()}" is read as text, since the first line is empty'
    return [Finding(source.name, 1, "missing-field", what, "begin the file with it")]


def _repetitions(source: Source) -> Iterator[Finding]:
    for name, line in source.repeated:
        first = source.line(name.lower())
        yield Finding(source.name, line, "repeated-field", f'"{name}" stands here and in line {first}', "keep one")
    for key, (value, line) in source.fields.items():
        if "\n" in value and key not in model.MULTILINE and source.kind != "author":
            what = f'"{source.names[key]}" goes on over several lines, of which Pelican keeps one'
            yield Finding(source.name, line, "repeated-field", what, "write it in one line")
