"""What was made once is kept by its name, which says what it was made of; a build that finds it makes nothing.

A file that is not what it was when it was kept counts as none, and so does one that cannot be read. A folder that
cannot be written keeps nothing, and the build goes on.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import blake2b
from pathlib import Path

_SUM = 16


class Store:
    """The kept files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> bytes | None:
        """The bytes kept as `name`, a path with `/` in it or without."""
        with contextlib.suppress(OSError):
            kept = self._path(name).read_bytes()
            checksum, data = kept[:_SUM], kept[_SUM:]
            if blake2b(data, digest_size=_SUM).digest() == checksum:
                return data
        return None

    def has(self, name: str) -> bool:
        """Whether something is kept as `name`; what it is shows when it is asked for."""
        return self._path(name).is_file()

    def put(self, name: str, data: bytes) -> bool:
        """Keep `data`, as a whole or not at all; says which."""
        path = self._path(name)
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            mine.write_bytes(blake2b(data, digest_size=_SUM).digest() + data)
            mine.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                mine.unlink(missing_ok=True)
            return False
        return True

    def _path(self, name: str) -> Path:
        return self.folder / name.replace("/", ".")
