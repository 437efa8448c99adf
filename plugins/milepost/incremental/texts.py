"""Markdown sources, converted once for each text: kept by what they say and by all that converts them.

There is one dialect and one parser, Pelican's. What is kept is its answer; a file that cannot be read counts as none.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from markdown import Markdown
from pelican.readers import MarkdownReader, _filter_discardable_metadata
from pelican.urlwrappers import Author, Category, Tag
from pelican.utils import SafeDatetime, pelican_open

from milepost.incremental.parsing import converter
from milepost.incremental.stamps import Stamp, stamp_of
from milepost.incremental.values import digest, of_settings
from milepost.incremental.workers import LEAST, shared_out
from milepost.inputs import RACY_NS

_KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "date": lambda value, settings: SafeDatetime.fromisoformat(value),
    "datetime": lambda value, settings: datetime.fromisoformat(value),
    "author": Author,
    "category": Category,
    "tag": Tag,
    "text": lambda value, settings: value,
}
_SUM = 16
_Packed = tuple[str, list[tuple[str, Any]]]
# Of these it is known that an instance that has converted one text converts the next as a new one would.
_REUSABLE = ("markdown.", "pymdownx.", "milepost.")


class Texts:
    """The converted texts of one build, kept in the file at `path`."""

    def __init__(self, path: Path, version: bytes, jobs: int) -> None:
        self.path, self.version, self.jobs = path, version, jobs
        self._held: dict[str, tuple[Stamp, bytes, bytes]] = {}
        """By path: stamp of the file, digest of its text with what converts it, what was made of it."""
        self.known: set[str] = set()
        """The texts that were asked for."""
        self.is_filled = False
        """Whether all that was missing has been converted together."""
        self.new: dict[str, tuple[Stamp, bytes, bytes]] = {}
        with contextlib.suppress(sqlite3.Error, OSError), contextlib.closing(sqlite3.connect(path)) as connection:
            for name, size, mtime, ctime, key, made in connection.execute("SELECT * FROM texts"):
                self._held[name] = ((size, mtime, ctime), key, made)

    def get(self, path: str) -> bytes | None:
        """What was made of the file as it is now."""
        held = self._held.get(path)
        if held is None:
            return None
        stamp, key, made = held
        now = stamp_of(path)
        if now != stamp or key[:_SUM] != self.version:
            if key != self.key(path):
                return None
            self._take(path, key, made)
        self.known.add(path)
        return made[_SUM:] if digest(made[_SUM:]) == made[:_SUM] else None

    def key(self, path: str) -> bytes:
        """What says whether the file would be converted to the same again."""
        return self.version + digest(Path(path).read_bytes())

    def put(self, path: str, made: bytes) -> None:
        """Keep what was made of the file."""
        self._take(path, self.key(path), made)

    def _take(self, path: str, key: bytes, made: bytes) -> None:
        stamp = stamp_of(path)
        # A file that has only just been written may be written again, and look the same.
        is_settled = time.time_ns() - max(stamp[1:]) > RACY_NS
        self.new[path] = self._held[path] = (stamp if is_settled else (-1, 0, 0), key, made)

    def save(self) -> None:
        """Write down what is new; where that cannot be done, the texts are converted anew in the next build.

        Raises:
            OSError: when nothing can be written.
        """
        if not self.new:
            return
        rows = [(name, *stamp, key, made) for name, (stamp, key, made) in self.new.items()]
        try:
            self._write(rows)
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)
            try:
                self._write(rows)
            except sqlite3.Error as error:
                raise OSError(f"{self.path}: {error}") from error

    def _write(self, rows: list[tuple[Any, ...]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS texts"
                " (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, key BLOB, made BLOB)"
            )
            connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?, ?, ?)", rows)
            gone = [(name,) for (name,) in connection.execute("SELECT path FROM texts") if not os.path.exists(name)]  # noqa: PTH110
            connection.executemany("DELETE FROM texts WHERE path = ?", gone)


def reader(texts: Texts) -> type[MarkdownReader]:
    """Pelican's reader of Markdown, that asks `texts` first."""

    class Reader(MarkdownReader):  # type: ignore[misc]
        def __init__(self, settings: Any) -> None:
            super().__init__(settings)
            self._reused: tuple[Markdown, Markdown] | None = None

        def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
            """As Pelican's own."""
            made = texts.get(source_path)
            if made is None:
                self._convert_all(source_path)
                made = texts.get(source_path)
            if made is None:
                return self._convert(source_path)
            content, packed = msgspec.msgpack.decode(made, type=_Packed)
            return content, {name: _unpacked(value, self.settings) for name, value in packed}

        def _convert_all(self, source_path: str) -> None:
            """Convert the file, and with it every other that nothing is kept of: there are several processors."""
            missing = [source_path]
            if not texts.is_filled:
                texts.is_filled = True
                missing = [path for path in _sources(self.settings) if texts.get(path) is None] or missing
            label = "Texts"
            if len(missing) < LEAST:
                missing, label = [source_path], ""
            for path, made in zip(missing, shared_out(label, missing, self._packed, texts.jobs, str), strict=True):
                if made:
                    texts.put(path, digest(made) + made)

        def _packed(self, path: str) -> bytes:
            try:
                content, metadata = self._convert(path)
                metadata = _filter_discardable_metadata(metadata)
                return msgspec.msgpack.encode((content, [(name, _plain(value)) for name, value in metadata.items()]))
            except Exception:  # said when it is its turn to be read, by Pelican
                return b""

        def _convert(self, path: str) -> tuple[str, dict[str, Any]]:
            if not _is_reusable(self.settings["MARKDOWN"]):
                found: tuple[str, dict[str, Any]] = super().read(path)
                return found
            if self._reused is None:
                self._reused = converter(self.settings["MARKDOWN"]), converter(self.settings["MARKDOWN"])
                self._reused[1].preprocessors.deregister("meta")
            body, fields = self._reused
            self._source_path = path
            with pelican_open(path) as text:
                content = body.reset().convert(text)
            self._md = _Fields(fields)
            return content, self._parse_metadata(body.Meta) if hasattr(body, "Meta") else {}

    Reader.__name__ = MarkdownReader.__name__  # content says which reader it is of
    return Reader


class _Fields:
    """An instance for single fields, which Pelican wants to make one of by itself."""

    def __init__(self, md: Markdown) -> None:
        self.preprocessors = self
        self.convert, self.reset = md.convert, md.reset

    def deregister(self, name: str) -> None:
        """Nothing: it never had it."""


def _is_reusable(settings: Mapping[str, Any]) -> bool:
    names = [one if isinstance(one, str) else type(one).__module__ for one in settings.get("extensions", ())]
    return all(name.startswith(_REUSABLE) for name in names)


def _sources(settings: Mapping[str, Any]) -> list[str]:
    found = []
    for parent, below, names in os.walk(settings["PATH"], followlinks=True):
        below.sort()
        found += [
            f"{parent}/{name}"
            for name in sorted(names)
            if name.rpartition(".")[2] in MarkdownReader.file_extensions and not name.startswith(".")
        ]
    return found


def _plain(value: Any) -> tuple[str, Any]:
    if isinstance(value, list):
        return "list", [_plain(one) for one in value]
    if type(value) is str:
        return "text", value
    if isinstance(value, datetime):
        return "date" if type(value) is SafeDatetime else "datetime", value.isoformat()
    kind = {Author: "author", Category: "category", Tag: "tag"}[type(value)]
    return kind, str(value._name)


def _unpacked(packed: Any, settings: Any) -> Any:
    kind, value = packed
    if kind == "list":
        return [_unpacked(one, settings) for one in value]
    return _KINDS[kind](value, settings)


def version_of(settings: Mapping[str, Any], code: bytes) -> bytes:
    """The digest of all that converts a text, but the text itself."""
    return digest(code + of_settings({name: settings.get(name) for name in ("MARKDOWN", "FORMATTED_FIELDS")}))
