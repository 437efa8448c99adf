"""Links that every page has, since the settings or a template of the theme name them: where they stand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from milepost.settings import Site
from milepost.writing.built.fault import Needle

_SHORTEST = 3
"""Characters of a path that is looked for: `/` is everywhere."""


class Common:
    """The settings and templates of one site, read when something is first looked for in them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._known: dict[Needle, list[tuple[str, int]]] = {}

    def places(self, link: Needle) -> list[tuple[str, int]]:
        """(file, line) of the first setting that is the link, or else of the first place in a template that has it."""
        if link not in self._known:
            self._known[link] = list(self._places(link))
        return self._known[link]

    def _places(self, link: Needle) -> Iterator[tuple[str, int]]:
        path = f"/{link.key.lstrip('/')}" if "://" not in link.key else link.key
        if len(path) < _SHORTEST:
            return
        texts = "|".join(map(re.escape, sorted({path, link.written, path.partition("#")[0]})))
        setting = re.compile(f"(?P<quote>[\"'])(?:{texts})(?P=quote)")
        template = re.compile(f"(?:[\"']|\\}}\\}})(?:{texts})[\"'#?]")
        for pattern, files in ((setting, self._settings), (template, self._templates)):
            for file, lines in files:
                for number, line in enumerate(lines, 1):
                    if pattern.search(line):
                        yield file, number
                        return

    @cached_property
    def _settings(self) -> list[tuple[str, list[str]]]:
        beside = sorted(self.site.file.parent.glob("*.py"))
        return [_read(file) for file in dict.fromkeys([self.site.file, *beside])]

    @cached_property
    def _templates(self) -> list[tuple[str, list[str]]]:
        return [_read(file) for file in sorted((self.site.theme / "templates").rglob("*.html"))]


def _read(file: Path) -> tuple[str, list[str]]:
    return os.path.relpath(file), file.read_text(encoding="utf-8", errors="replace").splitlines()
