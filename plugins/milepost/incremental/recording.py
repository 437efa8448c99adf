"""Notices what a page reads while Jinja renders it: names of its context, attributes of content, templates.

Templates declare nothing. What is read without one of these ways being taken is noted (see `reads.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jinja2 import Environment
from jinja2.runtime import Context
from pelican.contents import Article, Content, Page
from pelican.urlwrappers import Author, Category, Tag, URLWrapper

from milepost import reads
from milepost.incremental.values import WHOLE, key_of


class Reading:
    """What one page has read."""

    def __init__(self, own: Any = None) -> None:
        self.own = own
        """The content that the page is of: it depends on all of it, so that single attributes need not be noticed."""
        self.inside: Any = None
        self.names: set[str] = set()
        self.templates: set[str] = set()
        self.objects: dict[int, tuple[Any, set[str]]] = {}
        self.notes: set[tuple[str, str]] = set()

    def note(self, kind: str, key: str) -> None:
        """As `reads.Listener`."""
        self.notes.add((kind, key))

    def of_objects(self) -> dict[str, tuple[Any, set[str]]]:
        """The objects and those of their attributes that were read, by their keys."""
        found: dict[str, tuple[Any, set[str]]] = {}
        if self.own is not None:
            found[key_of(self.own)] = (self.own, {WHOLE})
        for one, names in self.objects.values():
            found.setdefault(key_of(one), (one, set()))[1].update(names)
        return found


_reading: Reading | None = None
_get = object.__getattribute__
_addresses: dict[int, str] = {}
"""By an object's identity: while pages are written, none of them changes, and none is let go of."""


@contextlib.contextmanager
def recorded(reading: Reading) -> Iterator[Reading]:
    """While the block runs, let everything that is read be kept in `reading`."""
    global _reading  # noqa: PLW0603  what Pelican's classes do has no other way to it
    _reading = reads.listener = reading
    try:
        yield reading
    finally:
        _reading = reads.listener = None


def _noticed(one: Any, name: str) -> Any:
    """As `object.__getattribute__`; what an attribute reads of its own object is part of its value."""
    reading = _reading
    if reading is None or reading.inside is one or reading.own is one:
        return _get(one, name)
    is_of_class = name in _names_of(type(one))  # type: ignore[arg-type]
    if is_of_class and name[:2] == "__":
        return _get(one, name)
    read = reading.objects.get(id(one))
    if read is None:
        read = reading.objects[id(one)] = (one, set())
    names = read[1]
    names.add(name)
    if not is_of_class:
        return _get(one, name)  # what it holds, and not what it works out
    # Pelican works an address out of a dozen other attributes each time, and listings ask for many.
    if name == "url" and id(one) in _addresses:
        return _addresses[id(one)]
    outside, reading.inside = reading.inside, one
    try:
        value = _get(one, name)
    finally:
        reading.inside = outside
    if name == "url" and type(one) in (Article, Page, Author, Category, Tag):
        _addresses[id(one)] = value
    if callable(value) and getattr(value, "__self__", one) is one:
        names.add(WHOLE)  # nobody knows what a method is going to read
    return value


@cache
def _names_of(kind: Any) -> frozenset[str]:
    return frozenset(dir(kind))


class NoticingContext(Context):
    """A context that tells which of its names were asked for."""

    def resolve_or_missing(self, key: str) -> Any:
        if _reading is not None:
            _reading.names.add(key)
        return super().resolve_or_missing(key)

    def __getitem__(self, key: str) -> Any:
        if _reading is not None:
            _reading.names.add(key)
        return super().__getitem__(key)

    def __contains__(self, name: str) -> bool:
        if _reading is not None:
            _reading.names.add(name)
        return super().__contains__(name)

    def get_all(self) -> dict[str, Any]:
        return Noticing(super().get_all())


class Noticing(dict[str, Any]):
    """All of a context, for a function that asks it for single names."""

    def __getitem__(self, key: str) -> Any:
        if _reading is not None:
            _reading.names.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        if _reading is not None:
            _reading.names.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        if _reading is not None:
            _reading.names.add(str(key))
        return super().__contains__(key)


def notice(env: Environment) -> None:
    """Let what the templates of `env` read be noticed."""
    env.context_class = NoticingContext
    env.auto_reload = False  # a template stays as it is for as long as pages are written
    env._load_template = _noticing_load(env._load_template)  # type: ignore[method-assign]


def _noticing_load(load: Callable[..., Any]) -> Callable[..., Any]:
    def noticing(name: str, *args: Any) -> Any:
        if _reading is not None:
            _reading.templates.add(name)
        return load(name, *args)

    return noticing


@contextlib.contextmanager
def noticed_objects() -> Iterator[None]:
    """While the block runs, let what is read of Pelican's objects be noticed."""
    Content.__getattribute__ = URLWrapper.__getattribute__ = _noticed
    try:
        yield
    finally:
        _addresses.clear()
        del Content.__getattribute__, URLWrapper.__getattribute__
