"""Articles that belong together, in their order: `Series:` and `Series_index:`. Knows no Pelican."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from milepost.errors import Finding
from milepost.writing.entries import Entry
from milepost.writing.model import ArticleFields

RULE = "series"


class Part(Protocol):
    """What a series asks of an article."""

    @property
    def date(self) -> datetime: ...

    @property
    def metadata(self) -> dict[str, Any]: ...


A = TypeVar("A", bound=Part)


@dataclass(frozen=True)
class Place(Generic[A]):
    """Where an article stands in its series. `number` counts from 1."""

    name: str
    number: int
    articles: tuple[A, ...]

    @property
    def previous(self) -> A | None:
        return self.articles[self.number - 2] if self.number > 1 else None

    @property
    def next(self) -> A | None:
        return self.articles[self.number] if self.number < len(self.articles) else None


def places(articles: Iterable[A]) -> Iterator[tuple[A, Place[A]]]:
    """Each article that is part of a series, and its place: by number first, then those without one, by date."""
    by_name: dict[str, list[A]] = {}
    for article in articles:
        if name := _name(article):
            by_name.setdefault(name, []).append(article)
    for name, parts in by_name.items():
        ordered = tuple(sorted(parts, key=lambda part: (_number(part) is None, _number(part) or 0, part.date)))
        yield from ((article, Place(name, number, ordered)) for number, article in enumerate(ordered, 1))


def _name(article: Part) -> str:
    return str(article.metadata.get("series", "")).strip()


def _number(article: Part) -> int | None:
    given = article.metadata.get("series_index")
    return int(given) if given else None


def faults(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Numbers without a series, and numbers that two parts of one have."""
    taken: dict[tuple[str, str, int], str] = {}
    for entry in entries:
        fields, source = entry.fields, entry.source
        if not isinstance(fields, ArticleFields) or fields.series_index is None:
            continue
        line, key = source.line("series_index"), (fields.series, fields.lang or "", fields.series_index)
        if not fields.series:
            yield Finding(source.name, line, RULE, "a number in no series", 'add "Series: …"')
        elif key in taken:
            what = f'{taken[key]} is part {fields.series_index} of "{fields.series}" too'
            yield Finding(source.name, line, RULE, what, "give one of them another number")
        else:
            taken[key] = source.name
