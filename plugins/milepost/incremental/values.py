"""Digests of what pages are made of: values of templates' contexts, and the objects that Pelican reads from sources.

Content, authors, categories and tags count by name wherever they are part of something else; what they are in
themselves is their state.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from pelican.contents import Content
from pelican.paginator import Page, Paginator
from pelican.urlwrappers import URLWrapper
from pydantic import BaseModel

from milepost.incremental.quick import has_sign

WHOLE = "*"
"""Stands for everything that an object is."""
SETTINGS = "\0settings"
"""Stands for all of them, among the names of a context."""
MISSING = "\0missing"
_LONG = 10
# Of Pelican's own: where an object is kept, and what is only worked out when it is first asked for.
_NOT_STATE = ("settings", "_context", "_slug", "_slug_from_name", "_output_location_referenced")
_STATE = ("_content", "_summary", "_status", "_name")
_LINKS = re.compile(r"""=\s*["'][{|]""")
_UNREAD = ("OUTPUT_PATH", "PELICAN_CLASS", "CACHE_PATH", "DELETE_OUTPUT_DIRECTORY")


class Undigestible(TypeError):
    """Something of which nobody can say whether it is the same in the next build."""


def digest(data: bytes) -> bytes:
    """16 bytes that stand for `data`."""
    return blake2b(data, digest_size=16).digest()


def key_of(one: Any) -> str:
    """The name of content, an author, a category or a tag: the same in every build."""
    kind = type(one).__name__
    if isinstance(one, URLWrapper):
        return f"{kind}:{one.__dict__['_name']}"
    return f"{kind}:{one.__dict__.get('relative_source_path') or one.__dict__.get('source_path')}"


class Values:
    """What everything is worth in one build. Lists are taken to stay as they are while pages are written."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        digest_of: Callable[[str], bytes],
        since: Callable[[Any], tuple[bytes, list[URLWrapper], dict[str, Any]] | None],
        unread: Callable[[Any], bytes | None],
    ) -> None:
        self.objects: dict[str, Any] = {}
        """Everything that has a state, by its key."""
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._plain, order="deterministic")
        self._keys: dict[int, str] = {}
        self._shared: dict[int, tuple[Any, bytes]] = {}
        self._states: dict[str, bytes] = {}
        self._together: dict[tuple[str, frozenset[str]], dict[str, bytes]] = {}
        self._attributes: dict[tuple[str, str], bytes] = {}
        self.settings = of_settings(settings)
        self._digest_of = digest_of
        self._since = since
        self._unread = unread

    def take_in(self, contents: Iterable[Any]) -> None:
        """Let `contents`, and all that they name, be known."""
        for one in contents:
            if one is not None:
                self.objects[key_of(one)] = one
        done = 0
        while done < len(self.objects):  # a state names further objects
            waiting = list(self.objects)[done:]
            done = len(self.objects)
            for key in waiting:
                self.state(key)

    def states(self) -> dict[str, bytes]:
        """The state of every object that is known."""
        return self._states

    def state(self, key: str) -> bytes:
        """The digest of all that the object is, or empty bytes."""
        if key not in self._states:
            one = self.objects[key]
            start, inside, others = self._since(one) or (b"", (), one.__dict__)
            for wrapper in inside:
                self.objects.setdefault(key_of(wrapper), wrapper)
            held = {
                name: value
                for name, value in others.items()
                if name not in _NOT_STATE and (name[0] != "_" or name in _STATE)
            }
            try:
                if isinstance(one, Content):
                    held |= self._of_text(one)
                self._states[key] = digest(self.settings + start + self._encoder.encode([type(one).__qualname__, held]))
            except (TypeError, RecursionError, NotImplementedError):
                self._states[key] = b""
        return self._states[key]

    def _of_text(self, one: Content) -> dict[str, Any]:
        if unread := self._unread(one):
            return {"_content": unread}
        text = one._content
        if type(text) is not str:
            return {}
        # A text that names others by their sources says something else when their addresses change.
        may_link = has_sign(text) and _LINKS.search(text)
        return {"_content": self._digest_of(text)} | ({"\0content": one.content} if may_link else {})

    def attribute(self, key: str, name: str) -> bytes:
        """The digest of one attribute of the object, or empty bytes."""
        if name == WHOLE:
            return self.state(key)
        found = self._attributes.get((key, name))
        if found is None:
            one = self.objects[key]
            value = self.settings if name == "settings" else getattr(one, name, MISSING)
            try:
                found = self.of(value)
            except (Undigestible, RecursionError):
                found = b""
            self._attributes[key, name] = found
        return found

    def attributes(self, key: str, names: frozenset[str]) -> dict[str, bytes]:
        """The digests of some attributes of the object, for many pages that read the same."""
        found = self._together.get((key, names))
        if found is None:
            found = self._together[key, names] = {name: self.attribute(key, name) for name in sorted(names)}
        return found

    def of_all(self, given: list[Any], contents: Iterable[Any]) -> bytes:
        """The digest of `given` and of all that `contents` are, under these settings; or empty bytes."""
        states = []
        for one in contents:
            self.objects.setdefault(key_of(one), one)
            states.append(self.state(key_of(one)))
        if not all(states):
            return b""
        try:
            return digest(self.settings + self.of(given) + b"".join(states))
        except Undigestible:
            return b""

    def of(self, value: Any) -> bytes:
        """The digest of any value.

        Raises:
            Undigestible: when there is none.
        """
        try:
            return digest(self._encoder.encode(self._short(value)))
        except TypeError as error:
            raise Undigestible(str(error)) from error

    def of_own(self, named: list[tuple[str, Any]]) -> bytes:
        """The digest of the values of a page, by their names.

        Raises:
            Undigestible: when one has none.
        """
        return self.of([(name, self._short(value)) for name, value in named])

    def _key_of(self, value: Any) -> str:
        key = key_of(value)
        # What is known by its address must stay there.
        if self.objects.setdefault(key, value) is value:
            self._keys[id(value)] = key
        return key

    def _short(self, value: Any) -> Any:
        """`value`, or a digest for what several pages have."""
        is_shared = isinstance(value, Page | Paginator) or (isinstance(value, list) and len(value) > _LONG)
        if not is_shared:
            return value
        if id(value) not in self._shared:
            # What is known by its address must stay there.
            self._shared[id(value)] = (value, digest(self._encoder.encode(self._whole(value))))
        return self._shared[id(value)][1]

    def _whole(self, value: Any) -> Any:
        if isinstance(value, Page):
            return [value.number, value.full_name, value.base_url, value.object_list, value.paginator]
        if isinstance(value, Paginator):
            return [value.name, value.url, value.per_page, value.orphans, self._short(value.object_list)]
        return value

    def _plain(self, value: Any) -> Any:
        if key := self._keys.get(id(value)):
            return key
        if isinstance(value, Content | URLWrapper):
            return self._key_of(value)
        short = self._short(value)
        return _named(value, strict=True) if short is value else short


def _named(value: Any, strict: bool = False) -> Any:
    """What stands for a value that msgpack has no form for."""
    for kind, plain in _FORMS:
        if isinstance(value, kind):
            return plain(value)
    if inspect.isroutine(value) or inspect.isclass(value):
        return [value.__module__, value.__qualname__, _source_of(value.__module__)]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if type(value).__module__.startswith("milepost.") and hasattr(value, "__dict__"):
        return [type(value).__qualname__, {k: v for k, v in value.__dict__.items() if k != "pelican"}]
    if strict:
        raise Undigestible(f"{type(value).__module__}.{type(value).__qualname__}")
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _of_model(value: BaseModel) -> Any:
    # Our own settings hold Pelican's, and what is of this machine alone.
    return {name: held for name, held in value.__dict__.items() if name not in ("pelican", "env")}


_FORMS: tuple[tuple[Any, Any], ...] = (
    (str, str.__str__),
    (dict, lambda value: {str(key): held for key, held in value.items()}),
    (list | tuple, list),
    (datetime | date, lambda value: value.isoformat()),
    (re.Pattern, lambda value: value.pattern),
    (Path | ZoneInfo, str),
    (BaseModel, _of_model),
)


def of_settings(settings: Mapping[str, Any]) -> bytes:
    """The digest of Pelican's settings, but for where things are written to and what slices keep there."""
    ours = {name: held for name, held in settings.items() if name.isupper() and name not in _UNREAD}
    kept = {name: _keyed(held) for name, held in ours.items() if not name.startswith("_")}
    return digest(_lenient.encode(kept))


def _keyed(value: Any) -> Any:
    """`value` with names for keys throughout: msgpack knows few others."""
    if isinstance(value, dict):
        return {str(key): _keyed(held) for key, held in value.items()}
    return [_keyed(held) for held in value] if isinstance(value, list | tuple) else value


_lenient = msgspec.msgpack.Encoder(enc_hook=_named, order="deterministic")


@cache
def _source_of(module: str) -> bytes:
    """The digest of the file that a function of the settings is written in."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return digest(Path(file).read_bytes()) if file and Path(file).is_file() else b""
