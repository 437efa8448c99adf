"""The published folder: which of its files stay as they are, and how what a build has written takes its place there."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from pathlib import Path

from milepost.incremental.stamps import Stamp, stamp_of
from milepost.incremental.store import Store


class Kept:
    """Of the files in `output` those that this build need not write; see `hooks.Kept`."""

    def __init__(self, output: Path, store: Store) -> None:
        self.output, self.store = output, store
        self.names: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether the file is there as it was written; if so, it stays."""
        stamp = self.store.files.get(name)
        is_good = stamp is not None and stamp_of(f"{self.output}/{name}") == stamp
        if is_good:
            self.names.add(name)
        return is_good

    def drop(self, name: str) -> None:
        """Let the file not stay."""
        self.names.discard(name)


def written(stage: Path) -> list[str]:
    """The files in `stage`, by their paths below it."""
    return [
        os.path.relpath(os.path.join(parent, name), stage)  # noqa: PTH118  quicker, for many thousand files
        for parent, _, names in os.walk(stage)
        for name in names
    ]


def merge(stage: Path, kept: Kept) -> dict[str, Stamp]:
    """Move what is in `stage` to its place, and take away what is no longer of the site; every file's stamp.

    A file that says the same as before is left as it is, so that who looks at its time is told nothing new.
    """
    output, names = kept.output, written(stage)
    for name in names:
        new, place = stage / name, output / name
        if place.is_file() and not place.is_symlink() and filecmp.cmp(new, place, shallow=False):
            continue
        if place.is_dir():
            shutil.rmtree(place)
        for parent in place.relative_to(output).parents:
            if (output / parent).is_file():
                (output / parent).unlink()
        place.parent.mkdir(parents=True, exist_ok=True)
        new.replace(place)
    stay = {*names, *kept.names}
    for name in kept.store.files.keys() - stay:
        with contextlib.suppress(OSError):
            (output / name).unlink()
            _prune((output / name).parent, output)
    shutil.rmtree(stage, ignore_errors=True)
    # Of what was looked at, as it was then: what has changed since is to be seen by the next build.
    before = kept.store.files
    return {name: before[name] if name in kept.names else stamp_of(f"{output}/{name}") for name in stay}


def _prune(folder: Path, output: Path) -> None:
    """Remove `folder` and those above it, as far as they are empty."""
    with contextlib.suppress(OSError):
        while folder != output:
            folder.rmdir()
            folder = folder.parent
