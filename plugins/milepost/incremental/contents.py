"""Articles and pages as Pelican made them of the same text: the object is made of what it held, not worked out again.

Of the texts that are converted once (see `texts.py`), nearly all are the same in the next build, and so is all that
Pelican works out of each: its fields, its slug, its dates in words.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import is_
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from pelican import signals
from pelican.contents import Article, Content, Page, SkipStub
from pelican.readers import Readers
from pelican.urlwrappers import Author, Category, Tag, URLWrapper
from pelican.utils import SafeDatetime

from milepost.incremental.texts import Texts
from milepost.incremental.values import digest, of_settings

_CLASSES: tuple[type[Content], ...] = (Article, Page)
_WRAPPERS: dict[str, type[URLWrapper]] = {"Author": Author, "Category": Category, "Tag": Tag}
_GIVEN = ("settings", "_context", "_content", "metadata")
_SUM = 16


class _Held(msgspec.Struct, array_like=True):
    """What an object held as soon as it was made, but its text."""

    wrappers: list[tuple[str, str]]
    """The authors, categories and tags in it, by the name of the class and their own: one may be held twice."""
    metadata: list[tuple[str, Any]]
    same: dict[str, str]
    """Attributes that are the same object as a value of the metadata."""
    more: list[tuple[str, Any]]


class _Start(NamedTuple):
    """An object as it was made, to see what has been done to it since."""

    content: Content
    held: dict[str, Any]
    lists: list[tuple[list[Any], tuple[Any, ...]]]
    metadata: dict[str, Any]
    names: list[tuple[URLWrapper, str]]
    sum: bytes

    def is_inside_same(self) -> bool:
        """Whether what it held then holds the same itself."""
        metadata = self.held["metadata"]
        return (
            len(metadata) == len(self.metadata)
            and all(metadata.get(name) is value for name, value in self.metadata.items())
            and all(len(one) == len(was) and all(map(is_, one, was)) for one, was in self.lists)
            and all(one.__dict__["_name"] == name for one, name in self.names)
        )


class Contents:
    """Makes the contents of one build."""

    def __init__(self, texts: Texts, settings: Mapping[str, Any], version: bytes) -> None:
        self.texts, self.settings = texts, settings
        self.version = digest(version + of_settings(settings))
        self._made: Content | None = None
        self._packed: bytes = b""
        self._starts: dict[int, _Start] = {}
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        # Typogrify works on the text after it was kept, and a date may be that of the file.
        self.is_used = not (settings.get("TYPOGRIFY") or settings.get("DEFAULT_DATE") == "fs")

    def remember(self) -> None:
        """Let Pelican ask here first, for as long as this process lives."""
        if not self.is_used:
            return
        Readers.read_file = self._reading(Readers.read_file)
        signals.content_object_init.send = self._sending(signals.content_object_init.send)

    def _reading(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def read_file(readers: Readers, base_path: str, path: str, content_class: Any = Page, **more: Any) -> Any:
            place = os.path.abspath(os.path.join(base_path, path))  # noqa: PTH100, PTH118  as Pelican does
            found = self._restored(place, content_class, **more) if content_class in _CLASSES else None
            if found is None:
                with self._kept(place):
                    found = usual(readers, base_path, path, content_class, **more)
            return found

        return read_file

    def _sending(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def send(content: Any, **more: Any) -> Any:
            if self._made is None and type(content) in _CLASSES:
                self._made = content
                if packed := self._pack(content):
                    body = self._version_of(type(content)) + packed
                    self._packed = digest(body) + body
                    self._begin(content, self._packed[:_SUM])
            return usual(content, **more)

        return send

    @contextmanager
    def _kept(self, place: str) -> Iterator[None]:
        """Keep what the block makes of the text, unless there is something to be said of it each time."""
        before = self.texts.heard.count
        self._made, self._packed = None, b""
        yield
        if self._packed and self.texts.heard.count == before and self.texts.has(place):
            self.texts.keep_content(place, self._packed)

    def _version_of(self, kind: type[Content]) -> bytes:
        return self.version + kind.__name__.encode()

    def _restored(
        self,
        place: str,
        kind: type[Content],
        context: Any = None,
        fmt: str | None = None,
        preread_signal: Any = None,
        preread_sender: Any = None,
        context_signal: Any = None,
        context_sender: Any = None,
    ) -> Any:
        made = None if fmt else self.texts.get(place)
        prefix = self._version_of(kind)
        if (
            made is None
            or not made.content.startswith(prefix, _SUM)
            or digest(made.content[_SUM:]) != made.content[:_SUM]
        ):
            return None
        held = msgspec.msgpack.decode(made.content[_SUM + len(prefix) :], type=_Held)
        if preread_signal:
            preread_signal.send(preread_sender)
        content = self._object(kind, held, self.texts.text_of(made), context)
        date = content.__dict__.get("date")
        if date is None or (not self.settings["WITH_FUTURE_DATES"] and date > _now(date)):
            return None  # what it is depends on the time
        if context_signal and context_signal.receivers:
            metadata = content.metadata
            before = dict(metadata)
            context_signal.send(context_sender, metadata=metadata)
            if metadata.keys() != before.keys() or any(metadata[name] is not value for name, value in before.items()):
                kind = SkipStub if metadata.get("status") == "skip" else kind
                return kind(content._content, metadata, self.settings, place, context)
        self._made = content
        self._begin(content, made.content[:_SUM])
        signals.content_object_init.send(content)
        return content

    def _begin(self, content: Content, packed_sum: bytes) -> None:
        held = dict(content.__dict__)
        lists = [(value, tuple(value)) for value in held.values() if type(value) is list]
        every = [*held.values(), *(one for value, _ in lists for one in value)]
        names = [(one, one.__dict__["_name"]) for one in every if isinstance(one, URLWrapper)]
        self._starts[id(content)] = _Start(content, held, lists, dict(content.metadata), names, packed_sum)

    def since(self, content: Content) -> tuple[bytes, list[URLWrapper], dict[str, Any]] | None:
        """What `content` was made with (its digest but for the text; who is in it), and what it holds otherwise by now.

        None where it was not made here, or is another inside.
        """
        start = self._starts.get(id(content))
        if start is None or not start.is_inside_same():
            return None
        held, now = start.held, content.__dict__
        others = {name: value for name, value in now.items() if name not in held or held[name] is not value}
        others["\0gone"] = sorted(name for name in held if name not in now)
        return start.sum, [one for one, _ in start.names], others

    def _object(self, kind: type[Content], held: _Held, text: str, context: Any) -> Any:
        wrappers = [self._wrapper(name, of) for name, of in held.wrappers]
        metadata = {name: _unpacked(value, wrappers) for name, value in held.metadata}
        content: Content = object.__new__(kind)
        content.__dict__.update(settings=self.settings, _context=context, _content=text, metadata=metadata)
        content.__dict__.update({name: metadata[of] for name, of in held.same.items()})
        content.__dict__.update({name: _unpacked(value, wrappers) for name, value in held.more})
        return content

    def _wrapper(self, kind: str, name: str) -> URLWrapper:
        known = self._known.get((kind, name))
        if known is None:
            first = _WRAPPERS[kind](name, self.settings)
            hash(first)  # works out its slug
            known = self._known[kind, name] = dict(first.__dict__)
        made: URLWrapper = object.__new__(_WRAPPERS[kind])
        made.__dict__.update(known)
        return made

    def _pack(self, content: Content) -> bytes:
        """What `content` holds, or empty bytes where that cannot be said."""
        held, metadata = content.__dict__, content.metadata
        wrappers: dict[int, tuple[int, str, str]] = {}
        keys = {id(value): name for name, value in metadata.items()}
        same = {name: keys[id(value)] for name, value in held.items() if id(value) in keys and name not in _GIVEN}
        try:
            fields = [(name, _plain(value, wrappers)) for name, value in metadata.items()]
            more = [
                (name, _plain(value, wrappers))
                for name, value in held.items()
                if name not in same and name not in _GIVEN
            ]
        except TypeError:
            return b""
        named = [(kind, name) for _, kind, name in sorted(wrappers.values())]
        return msgspec.msgpack.encode(_Held(named, fields, same, more))


def _now(like: datetime) -> datetime:
    return datetime.now(UTC) if like.tzinfo else datetime.now()


def _plain(value: Any, wrappers: dict[int, tuple[int, str, str]]) -> Any:
    """`value` in lists, text and numbers.

    Raises:
        TypeError: when it would not come back as it is.
    """
    kind = type(value)
    if value is None or kind in (str, bool, int, float):
        return value
    if kind is list:
        return ["list", [_plain(one, wrappers) for one in value]]
    if kind is ZoneInfo and value.key:
        return ["zone", value.key]
    if kind in (SafeDatetime, datetime) and (value.tzinfo is None or type(value.tzinfo) is ZoneInfo):
        zone = value.tzinfo.key if value.tzinfo else ""
        return [
            "date" if kind is SafeDatetime else "datetime",
            value.replace(tzinfo=None).isoformat(),
            zone,
            value.fold,
        ]
    if kind in _WRAPPERS.values() and value._slug_from_name and len(value.__dict__) == 4:
        return ["wrapper", wrappers.setdefault(id(value), (len(wrappers), kind.__name__, value._name))[0]]
    raise TypeError(kind)


def _unpacked(packed: Any, wrappers: list[URLWrapper]) -> Any:
    if type(packed) is not list:
        return packed
    kind, value = packed[0], packed[1]
    if kind == "wrapper":
        return wrappers[value]
    if kind == "list":
        return [_unpacked(one, wrappers) for one in value]
    if kind == "zone":
        return ZoneInfo(value)
    naive = (SafeDatetime if kind == "date" else datetime).fromisoformat(value)
    return naive.replace(tzinfo=ZoneInfo(packed[2]) if packed[2] else None, fold=packed[3])
