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

import msgspec
from pelican import signals
from pelican.contents import Article, Content, Page, SkipStub
from pelican.readers import Readers
from pelican.urlwrappers import URLWrapper

from milepost.incremental.late import Late
from milepost.incremental.packing import WRAPPERS, is_wrapper, packed, unpacked
from milepost.incremental.quick import has_sign
from milepost.incremental.texts import Texts
from milepost.incremental.values import digest, of_settings

_CLASSES: tuple[type[Content], ...] = (Article, Page)
_GIVEN = ("settings", "_context", "_content", "metadata")
_SUM = 16
_AS_MADE = 4
"""Attributes of an author, a category or a tag that nobody has added to."""


class _Held(msgspec.Struct, array_like=True):
    """What an object held as soon as it was made, but its text."""

    wrappers: list[tuple[str, str]]
    """The authors, categories and tags in it, by the name of the class and their own: one may be held twice."""
    metadata: list[tuple[str, Any]]
    same: dict[str, str]
    """Attributes that are the same object as a value of the metadata."""
    more: list[tuple[str, Any]]
    is_plain: bool
    """Whether its text has no sign in it that a link to another source begins with."""


class _Start(NamedTuple):
    """An object as it was made, to see what has been done to it since."""

    content: Content
    held: dict[str, Any]
    lists: list[tuple[list[Any], tuple[Any, ...]]]
    metadata: tuple[tuple[str, ...], tuple[Any, ...]]
    wrappers: list[URLWrapper]
    names: list[str]
    sum: bytes

    def is_inside_same(self) -> bool:
        """Whether what it held then holds the same itself."""
        metadata: dict[str, Any] = self.held["metadata"]
        names, values = self.metadata
        if tuple(metadata) != names or not all(map(is_, metadata.values(), values)):
            return False
        for one, was in self.lists:
            if len(one) != len(was) or not all(map(is_, one, was)):
                return False
        return [one.__dict__["_name"] for one in self.wrappers] == self.names


class Contents:
    """Makes the contents of one build; where there is `late`, their texts are read when they are asked for."""

    def __init__(self, texts: Texts, settings: Mapping[str, Any], version: bytes, late: Late | None) -> None:
        self.texts, self.settings, self.late = texts, settings, late
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
        if self.late:
            self.late.remember()
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
        content = self._object(kind, held, context)
        if self.late:
            self.late.promise(content, place, made.sum[:_SUM], held.is_plain)
        else:
            text = self.texts.text_of(place, made)
            if text is None:
                return None
            content._content = text
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
        every = list(held.values())
        for _, values in lists:
            every += values
        wrappers = [one for one in every if is_wrapper(one)]
        metadata = tuple(content.metadata), tuple(content.metadata.values())
        names = [one.__dict__["_name"] for one in wrappers]
        self._starts[id(content)] = _Start(content, held, lists, metadata, wrappers, names, packed_sum)

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
        return start.sum, start.wrappers, others

    def unread(self, content: Content) -> bytes | None:
        """The digest of its text where that was not asked for yet and depends on nothing else."""
        return self.late.digest_of(content) if self.late else None

    def _object(self, kind: type[Content], held: _Held, context: Any) -> Any:
        at = [self._wrapper(name, of) for name, of in held.wrappers].__getitem__
        metadata = {name: unpacked(value, at) if type(value) is list else value for name, value in held.metadata}
        content: Content = object.__new__(kind)
        parts = {"settings": self.settings, "_context": context, "metadata": metadata}
        parts |= {name: metadata[of] for name, of in held.same.items()}
        for name, value in held.more:
            parts[name] = unpacked(value, at) if type(value) is list else value
        content.__dict__ = parts
        return content

    def _wrapper(self, kind: str, name: str) -> URLWrapper:
        known = self._known.get((kind, name))
        if known is None:
            first = WRAPPERS[kind](name, self.settings)
            hash(first)  # works out its slug
            known = self._known[kind, name] = dict(first.__dict__)
        made: URLWrapper = object.__new__(WRAPPERS[kind])
        made.__dict__ = known.copy()
        return made

    def _pack(self, content: Content) -> bytes:
        """What `content` holds, or empty bytes where that cannot be said."""
        held, metadata = content.__dict__, content.metadata
        wrappers: dict[int, tuple[int, str, str]] = {}

        def wrapped(one: URLWrapper) -> int:
            if not one._slug_from_name or len(one.__dict__) != _AS_MADE:
                raise TypeError(one)
            return wrappers.setdefault(id(one), (len(wrappers), type(one).__name__, one._name))[0]

        keys = {id(value): name for name, value in metadata.items()}
        same = {name: keys[id(value)] for name, value in held.items() if id(value) in keys and name not in _GIVEN}
        try:
            fields = [(name, packed(value, wrapped)) for name, value in metadata.items()]
            more = [
                (name, packed(value, wrapped))
                for name, value in held.items()
                if name not in same and name not in _GIVEN
            ]
        except TypeError:
            return b""
        is_plain = type(content._content) is str and not has_sign(content._content)
        named = [(kind, name) for _, kind, name in sorted(wrappers.values())]
        return msgspec.msgpack.encode(_Held(named, fields, same, more, is_plain))


def _now(like: datetime) -> datetime:
    return datetime.now(UTC) if like.tzinfo else datetime.now()
