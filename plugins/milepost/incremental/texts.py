"""Markdown sources, converted once for each text: kept by what they say and by all that converts them.

There is one dialect and one parser, Pelican's. What is kept is its answer; a file that cannot be read counts as none.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from markdown import Markdown
from pelican.readers import MarkdownReader, _filter_discardable_metadata
from pelican.urlwrappers import URLWrapper
from pelican.utils import pelican_open

from milepost.incremental.heard import Heard
from milepost.incremental.packing import WRAPPERS, packed, unpacked
from milepost.incremental.parsing import converter
from milepost.incremental.stamps import NOWHERE, Stamp, stamp_of
from milepost.incremental.values import digest, of_settings
from milepost.incremental.workers import LEAST, shared_out
from milepost.inputs import RACY_NS

_SUM = 16
# The text is the last, so that the others are read without it.
_COLUMNS = ("size", "mtime", "ctime", "key", "sum", "fields", "content", "text")
# Of these it is known that an instance that has converted one text converts the next as a new one would.
_REUSABLE = ("markdown.", "pymdownx.", "milepost.")


class Made(NamedTuple):
    """What was made of one file."""

    stamp: Stamp
    """Of the file as it was."""
    key: bytes
    """The digest of its text, with what converts it."""
    sum: bytes
    """Of `text`, and of `fields`."""
    fields: bytes
    content: bytes = b""
    """What Pelican made of both; see `contents.py`."""
    text: bytes | None = None
    """HTML, in UTF-8; None where it is to be read from the file when it is asked for."""


class Texts:
    """The converted texts of one build, kept in the file at `path`."""

    def __init__(self, path: Path, version: bytes, jobs: int, clean: bool) -> None:
        self.path, self.version, self.jobs = path, version, jobs
        self.heard = Heard()
        self._held: dict[str, Made] = {}
        self.known: set[str] = set()
        """The texts that were asked for."""
        self.is_filled = False
        """Whether all that was missing has been converted together."""
        self.new: dict[str, Made] = {}
        self.converted: set[str] = set()
        self._ahead: dict[str, Made] = {}
        self._digests: dict[int, tuple[str, bytes]] = {}
        self._connections: dict[int, sqlite3.Connection] = {}
        if not clean:
            self._read()

    def _read(self) -> None:
        named = ", ".join(_COLUMNS[:-1])
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self.path)) as connection:
            for name, size, mtime, ctime, *more in connection.execute(f"SELECT path, {named} FROM texts"):  # noqa: S608
                if all(type(one) is bytes for one in more):
                    self._held[name] = Made((size, mtime, ctime), *more)

    def get(self, path: str) -> Made | None:
        """What was made of the file as it is now."""
        if path in self._ahead:
            return self._ahead.pop(path)
        made = self._held.get(path)
        if made is None:
            return None
        if stamp_of(path) != made.stamp or not made.key.startswith(self.version):
            if made.key != self.key(path):
                return None
            made = self._take(path, made)
        self.known.add(path)
        return made if digest(made.fields) == made.sum[_SUM:] else None

    def is_missing(self, path: str) -> bool:
        """Whether nothing is kept of the file as it is now; if something is, it is what is told next."""
        if path in self.known:
            return False
        made = self.get(path)
        if made:
            self._ahead[path] = made
        return made is None

    def has(self, path: str) -> bool:
        """Whether something is kept of the file."""
        return path in self._held

    def key(self, path: str) -> bytes:
        """What says whether the file would be converted to the same again."""
        return self.version + digest(Path(path).read_bytes())

    def put(self, path: str, key: bytes, made: tuple[bytes, bytes, bytes]) -> None:
        """Keep what was made of the file when that had `key`: the sum of both, the text, the fields."""
        self.converted.add(path)
        total, text, fields = made
        self._ahead[path] = self._take(path, Made(NOWHERE, key, total, fields, text=text))

    def keep_content(self, path: str, content: bytes) -> None:
        """Keep what Pelican made of what was made of the file."""
        self.new[path] = self._held[path] = self._held[path]._replace(content=content)

    def text_of(self, path: str, made: Made) -> str | None:
        """The HTML, whose digest is known from now on; None, and nothing is kept of the file, where it is spoiled."""
        text = self.text_at(path, made.sum[:_SUM]) if made.text is None else made.text.decode()
        if text is None:
            self._held.pop(path, None)
            self.known.discard(path)
            return None
        self._digests[id(text)] = (text, made.sum[:_SUM])
        return text

    def whole(self, path: str) -> tuple[str, bytes] | None:
        """The HTML and the fields of the file as it is now, where both are kept and good."""
        made = self.get(path)
        text = self.text_of(path, made) if made else None
        return (text, made.fields) if made and text is not None else None

    def text_at(self, path: str, sum_of_text: bytes) -> str | None:
        """The HTML that is kept of the file, if it is the one of that digest."""
        process = os.getpid()
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
            if process not in self._connections:  # one is of no use after a fork
                self._connections[process] = sqlite3.connect(self.path)
            found = self._connections[process].execute("SELECT text FROM texts WHERE path = ?", (path,)).fetchone()
            if found and type(found[0]) is bytes and digest(found[0]) == sum_of_text:
                text: str = found[0].decode()
                self._digests[id(text)] = (text, sum_of_text)
                return text
        return None

    def digest_of(self, text: str) -> bytes:
        """The digest of any text: one that was kept is not read again."""
        known = self._digests.get(id(text))
        return known[1] if known else digest(text.encode(errors="surrogatepass"))

    def _take(self, path: str, made: Made) -> Made:
        stamp = stamp_of(path)
        # A file that has only just been written may be written again, and look the same.
        is_settled = time.time_ns() - max(stamp[1:]) > RACY_NS
        made = made._replace(stamp=stamp if is_settled else NOWHERE)
        self.new[path] = self._held[path] = made
        return made

    def save(self) -> None:
        """Write down what is new, and keep no more of it in mind.

        Where that cannot be done, the texts are converted anew in the next build.

        Raises:
            OSError: when nothing can be written.
        """
        rows = [(name, *made.stamp, *made[1:]) for name, made in self.new.items()]
        gone = [(name,) for name in self._held.keys() - self.known if not os.path.exists(name)]  # noqa: PTH110
        self.new, self._held, self._ahead = {}, {}, {}
        if not rows:
            return
        try:
            self._write(rows, gone)
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)
            try:
                self._write(rows, gone)
            except sqlite3.Error as error:
                raise OSError(f"{self.path}: {error}") from error

    def _write(self, rows: list[tuple[Any, ...]], gone: list[tuple[str]]) -> None:
        """Put `rows` in; those without a text have theirs there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        whole = [row for row in rows if row[-1] is not None]
        parts = [(*row[1:-1], row[0]) for row in rows if row[-1] is None]
        every, given = ", ".join(_COLUMNS), ", ".join(f"{name} = ?" for name in _COLUMNS[:-1])
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS texts (path PRIMARY KEY, {every})")
            marks = ", ".join("?" * (len(_COLUMNS) + 1))
            connection.executemany(f"INSERT OR REPLACE INTO texts (path, {every}) VALUES ({marks})", whole)  # noqa: S608
            connection.executemany(f"UPDATE texts SET {given} WHERE path = ?", parts)  # noqa: S608
            connection.executemany("DELETE FROM texts WHERE path = ?", gone)


def reader(texts: Texts) -> type[MarkdownReader]:
    """Pelican's reader of Markdown, that asks `texts` first."""

    class Reader(MarkdownReader):  # type: ignore[misc]
        def __init__(self, settings: Any) -> None:
            super().__init__(settings)
            self._reused: tuple[Markdown, Markdown] | None = None

        def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
            """As Pelican's own."""
            found = texts.whole(source_path)
            if found is None:
                self._convert_all(source_path)
                found = texts.whole(source_path)
            if found is None:
                return self._convert(source_path)
            fields = msgspec.msgpack.decode(found[1], type=list[tuple[str, Any]])
            return found[0], {name: unpacked(value, self._wrapper) for name, value in fields}

        def _wrapper(self, held: list[str]) -> URLWrapper:
            return WRAPPERS[held[0]](held[1], self.settings)

        def _convert_all(self, source_path: str) -> None:
            """Convert the file, and with it every other that nothing is kept of: there are several processors."""
            missing = [source_path]
            if not texts.is_filled:
                texts.is_filled = True
                missing = [path for path in _sources(self.settings) if texts.is_missing(path)] or missing
            label = "Texts"
            if len(missing) < LEAST:
                missing, label = [source_path], ""
            for path, made in zip(missing, shared_out(label, missing, self._packed, texts.jobs, str), strict=True):
                if made:
                    texts.put(path, made[0], made[1])

        def _packed(self, path: str) -> tuple[bytes, tuple[bytes, bytes, bytes]] | None:
            """What `Texts.put` takes; None where there is something to be said of the text, which Pelican is to say."""
            before = texts.heard.count
            try:
                key = texts.key(path)  # before it is read: should it change meanwhile, it is another one the next time
                with texts.heard.alone():
                    content, metadata = self._convert(path)
                metadata = _filter_discardable_metadata(metadata)
                fields = msgspec.msgpack.encode([(name, packed(value, _wrapped)) for name, value in metadata.items()])
                text = content.encode()
                made = digest(text) + digest(fields), text, fields
                return (key, made) if texts.heard.count == before else None
            except Exception:
                return None

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


def _wrapped(one: URLWrapper) -> list[str]:
    return [type(one).__name__, str(one._name)]


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


def version_of(settings: Mapping[str, Any], code: bytes) -> bytes:
    """The digest of all that converts a text, but the text itself."""
    return digest(code + of_settings({name: settings.get(name) for name in ("MARKDOWN", "FORMATTED_FIELDS")}))
