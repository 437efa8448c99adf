"""What is known of each file that a build has written, from one build to the next, in one SQLite file.

Never a source of truth: what cannot be read, or is not what was written, counts as not there.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from milepost.incremental.stamps import Stamp
from milepost.incremental.values import digest

_SUM, _CRC = 16, 4
_MANY = 50


class Reads(NamedTuple):
    """The names of what a page read: most pages read the same."""

    local: tuple[str, ...] = ()
    """Of values that are of the page alone."""
    shared: tuple[str, ...] = ()
    """Of what is the same for every page."""
    templates: tuple[str, ...] = ()


class Line(NamedTuple):
    """What tells, nearly always, that a file is what it would be: all that is looked at of each."""

    own: bytes = b""
    """Of the values that are of this page alone."""
    reads: int = -1
    """Which of the site's `Reads` they are."""
    notes: tuple[tuple[str, str, bytes], ...] = ()
    """(kind, key, digest) of what else was read."""


class Row(msgspec.Struct, array_like=True):
    """What else one file of the site was made of."""

    objects: dict[str, dict[str, bytes]] = {}
    """By the key of an object, the digests of the attributes that were read."""
    records: dict[str, Any] = {}
    """By the name of a `hooks.PageStep`, what that is to be told of the page."""
    changed: str = ""
    """Why it was written, for who asks."""


class Made(NamedTuple):
    """What is known of a file that was just written."""

    line: Line
    reads: Reads | None
    """None for what is no page."""
    row: bytes
    """A `Row`, packed, as it is kept."""


class Site(msgspec.Struct):
    """What held for all pages in the last build. Digests, by name or key."""

    version: bytes = b""
    inputs: str = ""
    """What says whether anything has changed since; see `inputs.stamp`."""
    folder: int = 0
    """The inode of the published folder: another one is not the one that this is of."""
    since: float = 0.0
    """Seconds since 1970 from which the site is right if nothing changes: a clock may be set back."""
    until: float = 0.0
    """The same, of when that ends."""
    names: dict[str, bytes] = {}
    templates: dict[str, bytes] = {}
    states: dict[str, bytes] = {}
    reads: list[Reads] = []
    lines: dict[str, Line] = {}


class Store:
    """The file at `path`, read once; a new one where there is none that can be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.site = Site()
        self.files: dict[str, Stamp] = {}
        """Every file of the published site as it was written."""
        self.is_good = False
        """Whether the published site is what this says; if not, nothing of it may be left as it is."""
        self._read()

    def forget(self) -> None:
        """Know nothing."""
        self.site, self.files, self._rows, self.is_good = Site(), {}, {}, False

    def line(self, name: str) -> Line | None:
        """What is to be looked at of the file at `name`."""
        return self.site.lines.get(name)

    def row(self, name: str) -> Row | None:
        """What the page at `name` was made of."""
        held = self._rows.get(name)
        if held is None or _sum_of(held[_CRC:]) != held[:_CRC]:
            return None
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.msgpack.decode(held[_CRC:], type=Row)
        return None

    def naming(self, keys: Collection[str]) -> set[str]:
        """The pages whose rows may name one of `keys`, or cannot be read."""
        lines = self.site.lines
        found = {name for name in lines.keys() - self._rows.keys() if lines[name].reads >= 0}
        if len(keys) > _MANY:
            return found | self._rows.keys()
        sought = re.compile(b"|".join(re.escape(key.encode(errors="surrogatepass")) for key in keys))
        for name, held in self._rows.items():
            if (keys and sought.search(held)) or _sum_of(held[_CRC:]) != held[:_CRC]:
                found.add(name)
        return found

    def _read(self) -> None:
        with contextlib.suppress(sqlite3.Error, msgspec.DecodeError, OSError, ValueError, TypeError):
            if not self.path.is_file():
                return
            with contextlib.closing(sqlite3.connect(self.path)) as connection:
                held = dict(connection.execute("SELECT name, value FROM site"))
                files = {name: tuple(stamp) for name, *stamp in connection.execute("SELECT * FROM files")}
            if held.get("merging") or digest(held["site"][_SUM:]) != held["site"][:_SUM]:
                return
            self.site = msgspec.msgpack.decode(held["site"][_SUM:], type=Site)
            self.files, self.is_good = files, True

    @cached_property
    def _rows(self) -> dict[str, bytes]:
        """Read when the first is asked for: who only asks whether anything has changed needs none."""
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self.path)) as connection:
            return dict(connection.execute("SELECT name, row FROM pages")) if self.is_good else {}
        return {}

    def begin(self) -> None:
        """Say that the published site is about to change, so that a crash from now on is seen by the next build.

        Raises:
            OSError: when that cannot be written down.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.is_good:
                self.path.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
                connection.execute("CREATE TABLE IF NOT EXISTS pages (name TEXT PRIMARY KEY, row BLOB)")
                connection.execute("CREATE TABLE IF NOT EXISTS site (name TEXT PRIMARY KEY, value BLOB)")
                columns = "name TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER"
                connection.execute(f"CREATE TABLE IF NOT EXISTS files ({columns})")
                connection.execute("INSERT OR REPLACE INTO site VALUES ('merging', x'01')")
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {error}") from error

    def commit(self, site: Site, rows: Mapping[str, bytes], files: Mapping[str, Stamp]) -> None:
        """Keep what this build knows: all of `site` and `files`, the `rows` of what it wrote.

        Raises:
            OSError: when it cannot be kept.
        """
        packed = ((name, _sum_of(row) + row) for name, row in rows.items())
        changed = [(name, *stamp) for name, stamp in files.items() if self.files.get(name) != stamp]
        lost = [(name,) for name in self.files.keys() - files.keys()]
        try:
            with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
                connection.executemany("INSERT OR REPLACE INTO pages VALUES (?, ?)", packed)
                connection.executemany("DELETE FROM pages WHERE name = ?", lost)
                connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", changed)
                connection.executemany("DELETE FROM files WHERE name = ?", lost)
                values = [("site", _summed(msgspec.msgpack.encode(site))), ("merging", b"")]
                connection.executemany("INSERT OR REPLACE INTO site VALUES (?, ?)", values)
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {error}") from error


def _sum_of(data: bytes) -> bytes:
    return crc32(data).to_bytes(_CRC)


def _summed(data: bytes) -> bytes:
    return digest(data) + data
