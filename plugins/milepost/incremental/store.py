"""What is known of each file that a build has written, from one build to the next, in one SQLite file.

Never a source of truth: what cannot be read, or is not what was written, counts as not there.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from milepost.incremental.stamps import Stamp
from milepost.incremental.values import digest

_SUM = 16


class Row(msgspec.Struct, array_like=True):
    """What one file of the site was made of."""

    own: bytes = b""
    """Of the values that are of this page alone."""
    local: list[str] = []
    """The names of those values."""
    shared: list[str] = []
    """The names of what it read that is the same for every page."""
    templates: list[str] = []
    objects: dict[str, dict[str, bytes]] = {}
    """By the key of an object, the digests of the attributes that were read."""
    notes: list[tuple[str, str, bytes]] = []
    """(kind, key, digest) of what else was read."""
    records: dict[str, Any] = {}
    """By the name of a `hooks.PageStep`, what that is to be told of the page."""
    changed: str = ""
    """Why it was written, for who asks."""


class Site(msgspec.Struct):
    """What held for all pages in the last build. Digests, by name or key."""

    version: bytes = b""
    inputs: str = ""
    """What says whether anything has changed since; see `inputs.stamp`."""
    folder: int = 0
    """The inode of the published folder: another one is not the one that this is of."""
    until: float = 0.0
    """Seconds since 1970 until which the site is right if nothing changes."""
    names: dict[str, bytes] = {}
    templates: dict[str, bytes] = {}
    states: dict[str, bytes] = {}


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

    def row(self, name: str) -> Row | None:
        """What the page at `name` was made of."""
        held = self._rows.get(name)
        if held is None or digest(held[_SUM:]) != held[:_SUM]:
            return None
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.msgpack.decode(held[_SUM:], type=Row)
        return None

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

    def commit(self, site: Site, rows: Mapping[str, Row], gone: Iterable[str], files: Mapping[str, Stamp]) -> None:
        """Keep what this build knows: all of `site` and `files`, the `rows` of what it wrote.

        Raises:
            OSError: when it cannot be kept.
        """
        packed = ((name, _summed(msgspec.msgpack.encode(row))) for name, row in rows.items())
        changed = [(name, *stamp) for name, stamp in files.items() if self.files.get(name) != stamp]
        lost = [(name,) for name in self.files.keys() - files.keys()]
        try:
            with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
                connection.executemany("INSERT OR REPLACE INTO pages VALUES (?, ?)", packed)
                connection.executemany("DELETE FROM pages WHERE name = ?", [(name,) for name in gone])
                connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", changed)
                connection.executemany("DELETE FROM files WHERE name = ?", lost)
                values = [("site", _summed(msgspec.msgpack.encode(site))), ("merging", b"")]
                connection.executemany("INSERT OR REPLACE INTO site VALUES (?, ?)", values)
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {error}") from error

    def known(self) -> set[str]:
        """The names of all pages that have a row."""
        return set(self._rows)


def _summed(data: bytes) -> bytes:
    return digest(data) + data
