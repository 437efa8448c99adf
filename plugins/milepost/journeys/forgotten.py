"""Who is to be forgotten: a list of keyed hashes, so that a person who was erased is neither known nor taken again.

Knows neither the inbox nor the archive.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from milepost.settings import Environment


def keyed(secret: bytes, *parts: str) -> bytes:
    """16 bytes for `parts` that nobody can compute, or try out, without the secret."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, key=blake2b(secret).digest(), digest_size=16, person=b"milepost").digest()


class Forgotten:
    """The list of one state folder; another process's addition is seen after `refresh`."""

    def __init__(self, env: Environment) -> None:
        self._folder = env.var / "forgotten"
        self._secret = env.secret
        self._known: frozenset[str] = frozenset()
        self._stamp: tuple[int, int] | None = None

    def refresh(self) -> None:
        """Read the list again if it has changed."""
        try:
            stat = (self._folder / "people").stat()
        except FileNotFoundError:
            return
        if (stat.st_mtime_ns, stat.st_size) != self._stamp:
            self._stamp = stat.st_mtime_ns, stat.st_size
            self._known = frozenset((self._folder / "people").read_text().split())

    def has(self, person: str | None) -> bool:
        """Whether `person` was forgotten, as far as was read."""
        return bool(person and self._known) and self._hash(person or "") in self._known

    def begin(self, person: str) -> None:
        """From now on nothing of `person` is taken; what there is, is still to be erased. On disk on return."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.refresh()
        _durable(self._folder / f"pending-{person}", b"")
        if not self.has(person):
            _durable(self._folder / "people", f"{self._hash(person)}\n".encode())
        self.refresh()

    def pending(self) -> Iterator[str]:
        """The people whose erasing was begun and has not ended: a process was killed in between."""
        for path in sorted(self._folder.glob("pending-*")):
            yield path.name.removeprefix("pending-")

    def done(self, person: str) -> None:
        """Nothing of `person` is left; of the list's hash nobody can tell whose it was."""
        (self._folder / f"pending-{person}").unlink(missing_ok=True)

    def _hash(self, person: str) -> str:
        return keyed(self._secret(), "person", person).hex()


def _durable(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
