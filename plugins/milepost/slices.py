"""Which slices there are, and where each keeps its parts. The only place that looks slices up.

A slice is a package of this one; its parts are the files named in the docs ("A slice"). Parts are
imported when asked for, so that a command pays only for what it runs.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from types import ModuleType

PACKAGE = "milepost"
NAMES = (
    "writing",
    "authors",
    "docs",
    "touchpoints",
    "reading",
    "comments",
    "newsletter",
    "journeys",
    "incremental",
    "preview",
)


@cache
def part(name: str, file: str) -> ModuleType | None:
    """Module `file` of slice `name` (say "model"), or None where the slice has no such file."""
    dotted = f"{PACKAGE}.{name}.{file}"
    return importlib.import_module(dotted) if importlib.util.find_spec(dotted) else None


def parts(file: str, names: Iterable[str] = NAMES) -> Iterator[tuple[str, ModuleType]]:
    """(slice, module) for every named slice that has `file`, in the order of NAMES."""
    wanted = set(names)
    for name in NAMES:
        if name in wanted and (module := part(name, file)):
            yield name, module


def enabled(plugins: Iterable[object]) -> tuple[str, ...]:
    """The slices that Pelican's PLUGINS switches on, given as names or as modules."""
    listed = {getattr(plugin, "__name__", plugin) for plugin in plugins}
    return tuple(name for name in NAMES if f"{PACKAGE}.{name}" in listed)
