"""The facts of pages by the digest of the page, kept from one check to the next.

A file that cannot be read counts as empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from milepost.writing.built import facts, structured
from milepost.writing.built.facts import Facts, facts_of

_Kept = tuple[bytes, dict[bytes, Facts]]


class Cache:
    """Facts in one file; `path` None keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._version = _version()
        self._kept = self._read()
        self._used: dict[bytes, Facts] = {}

    def facts_of(self, html: bytes) -> Facts:
        """The facts of a page, read out of it only if no page like it was ever seen."""
        digest = hashlib.blake2b(html, digest_size=16).digest()
        found = self._kept.get(digest) or facts_of(html)
        self._used[digest] = found
        return found

    def save(self) -> None:
        """Keep what was asked for, and forget the rest."""
        if self.path is None or self._used.keys() == self._kept.keys():
            return
        write(self.path, msgspec.msgpack.encode((self._version, self._used)))

    def _read(self) -> dict[bytes, Facts]:
        if self.path is None:
            return {}
        with contextlib.suppress(OSError, msgspec.DecodeError):
            version, kept = msgspec.msgpack.decode(self.path.read_bytes(), type=_Kept)
            return kept if version == self._version else {}
        return {}


def write(path: Path, data: bytes) -> None:
    """Write a file as a whole, or not at all: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    mine.write_bytes(data)
    mine.replace(path)


def _version() -> bytes:
    """Of the code that reads facts: other code, other facts."""
    texts = [Path(str(module.__file__)).read_bytes() for module in (facts, structured)]
    return hashlib.blake2b(b"".join(texts), digest_size=16).digest()
