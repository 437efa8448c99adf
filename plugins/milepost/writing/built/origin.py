"""From a fault in a page back to the source that caused it, and the line.

A page's own source is asked first; then those of the pages that it links to, since listings show their summaries.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from milepost.settings import Settings
from milepost.slugs import slugify
from milepost.sources import Source, Sources
from milepost.writing import checks, links
from milepost.writing.built.common import Common
from milepost.writing.built.fault import Fault, Needle
from milepost.writing.built.output import Output, address_of
from milepost.writing.built.words import Words

_SHORTEST = 4
"""Characters of an address that are looked for as they are: `/` is everywhere."""


class Origin:
    """What every page of a site was made of."""

    def __init__(self, output: Output, sources: Sources, settings: Settings) -> None:
        self.output, self.sources, self.settings = output, sources, settings
        self._common = Common(settings.site)
        self._words: dict[Path, Words] = {}
        self._shown_in: dict[str, list[Source]] = {}

    @cached_property
    def targets(self) -> links.Targets:
        return checks.targets(self.sources, self.settings)

    @cached_property
    def _page_of(self) -> dict[Path, str]:
        authors = {source.path: self._author_page(source) for source in self.sources.of_kind("author")}
        return {**self.targets.outputs, **authors}

    @cached_property
    def _source_of(self) -> dict[str, Source]:
        made = (source for source in self.sources.all if source.path in self._page_of)
        return {self._page_of[source.path]: source for source in made}

    @cached_property
    def _redirects(self) -> dict[str, Source]:
        return {
            old.strip(", "): source
            for source in self.sources.all
            for old in (source.get("redirect_from") or "").split()
        }

    def places(self, fault: Fault) -> list[tuple[str, int]]:
        """(file, line) of everything in the sources that the fault comes from; empty where it is the template's."""
        own = self._source_of.get(fault.page)
        if own and (lines := self._lines(own, fault.needle)):
            return [(own.name, line) for line in lines]
        if own is None and (static := self._static(fault)):
            return [static]
        for source in self._others(fault.page) if fault.needle.kind else ():
            # An id of another page is not in this one, but an author's words are.
            if fault.needle.kind != "id" or source.kind == "author":
                lines = self._lines(source, fault.needle)
                if lines:
                    return [(source.name, line) for line in lines]
        old = self._redirects.get(self.output.shown(fault.needle.key)) if fault.needle.kind == "text" else None
        if old:
            return [(old.name, old.line("redirect_from"))]
        return self._common.places(fault.needle) if fault.needle.kind == "link" else []

    def page_of(self, source: Source) -> str:
        """The file below the output folder that it is written to, or the empty string."""
        return self._page_of.get(source.path, "")

    def _author_page(self, source: Source) -> str:
        slug = source.get("slug") or slugify(source.get("name") or "", self.settings.pelican, "AUTHOR")
        return posixpath.normpath(str(self.settings.pelican.get("AUTHOR_SAVE_AS", "")).format(slug=slug))

    def _others(self, page: str) -> list[Source]:
        """The sources of the pages that `page` links to, each once, in the order of the links."""
        if page not in self._shown_in:
            found: dict[Path, Source] = {}
            for address, kind in self.output.pages[page].links if page in self.output.pages else ():
                where = self.output.where(address, page) if kind == "page" else None
                file = self.output.file_of(where.path) if where and where.inside else None
                if file and file != page and file in self._source_of:
                    found.setdefault(self._source_of[file].path, self._source_of[file])
            self._shown_in[page] = list(found.values())
        return self._shown_in[page]

    def _lines(self, source: Source, needle: Needle) -> list[int]:
        words = self._words.get(source.path)
        if words is None:
            words = self._words[source.path] = Words(source, lambda target: self._key(source, target))
        if needle.kind == "heading":
            return words.heading(int(needle.written), needle.key, needle.nth)
        if needle.kind == "id":
            return words.id(needle.key)
        if needle.kind == "text":
            return words.text(needle.written)
        if needle.kind not in ("link", "data"):
            return []
        found = words.links.get(needle.key)
        if needle.kind == "data":
            return found or words.text(needle.written)
        return found or (words.prose(needle.written) if len(needle.written) >= _SHORTEST else [])

    def _key(self, source: Source, target: str) -> str:
        """Where a link of a source leads, as needles have it: a place below SITEURL, or a whole address."""
        what, value, fragment = links.indicated(target)
        path = self._indicated(source, what, value) if what else None
        if path is None:
            where = self.output.where(target, self.page_of(source))
            return where.key if where else target
        return f"{path}#{fragment}" if fragment else path

    def _indicated(self, source: Source, what: str, value: str) -> str | None:
        pelican, entry = self.settings.pelican, self.targets.entries.get(self._place(source))
        if what in ("category", "tag", "author"):
            slug = slugify(value, pelican, what.upper())
            return str(pelican.get(f"{what.upper()}_URL", "")).format(slug=slug)
        if what == "index" or entry is None:
            return "" if what == "index" else None
        places = self.targets.below(entry, value)
        page = self.targets.page(places) if what == "filename" else None
        if page and page.source.path in self._page_of:
            return address_of(self._page_of[page.source.path])
        if what == "attach":
            return posixpath.join(posixpath.dirname(self.page_of(source)), posixpath.basename(value))
        return next((place for place in places if self.targets.is_file(place)), places[-1])

    def _place(self, source: Source) -> str:
        return source.path.relative_to(self.settings.site.content).as_posix()

    def _static(self, fault: Fault) -> tuple[str, int] | None:
        """Where an HTML file that the build only copied has it."""
        path = self.settings.site.content / fault.page
        if not path.is_file():
            return None
        needle = fault.needle
        wanted = {"id": f'id="{needle.key}"', "heading": needle.key}.get(needle.kind, needle.written)
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if wanted else []
        return os.path.relpath(path), fault.line or next(_numbers(lines, wanted), 0)


def _numbers(lines: list[str], wanted: str) -> Iterator[int]:
    return (number for number, line in enumerate(lines, 1) if wanted in line)
