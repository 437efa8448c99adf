"""A file replaced as a whole: whoever reads it, and whatever happens meanwhile, finds the old one or the new one."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_ABANDONED_SECONDS = 600


def replace(path: Path, text: str) -> None:
    """Put `text` in the place of what is in `path`; on return it is on the disk.

    Raises:
        OSError: when it cannot be written; the old is there.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # or the new name may be lost with the power
        finally:
            os.close(folder)
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _sweep(path: Path) -> None:
    """Remove what writers left that were killed; one that may be at work still is let be."""
    for left in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                left.unlink()
