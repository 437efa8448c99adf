"""Past months in few files: what hourly batches left behind is merged, so that a year later there is little to open.

A month is made anew beside the archive, and the two folders are exchanged in one step, so that whoever reads the
archive finds each event once at any time. In order: merged, exchanged, listed in the manifest, and only then is what
was there before removed. Killed anywhere, the next run settles that and makes the same files. Where the system cannot
exchange two folders, months stay as they are. The caller holds the archiver's lock, and has left no batch unfinished.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Callable, Set
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from milepost.journeys import parquet

FILE_EVENTS = 250_000
"""How many events a merged file has at most: it is sorted in memory."""

TRANSITIONS = ("merged", "exchanged", "relisted", "removed")
"""What has just become durable, in order; `compact` calls `at` with each, for each month."""

_ORDER = [(name, "ascending") for name in ("person", "at", "id")]
_AT_CWD, _EXCHANGE = -100, 2
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV, errno.EPERM, errno.EACCES, errno.EROFS}


def settle(folder: Path) -> None:
    """End what a killed `compact` began: either a month that was being made, or one that was replaced already."""
    aside = _aside(folder)
    if not aside.exists():
        return
    for month in sorted(aside.glob("month=*")):
        named = (path.relative_to(folder).as_posix() for path in sorted((folder / month.name).glob("*.parquet")))
        parquet.list_files(folder, {*named, *(f"{month.name}/{path.name}" for path in month.iterdir())})
    shutil.rmtree(aside)
    parquet.sync(aside.parent)


def compact(folder: Path, before: str, inboxes: Set[str], at: Callable[[str], None] = lambda transition: None) -> int:
    """Merge the small files of each month before `before` (`YYYY-MM`).

    Args:
        inboxes: names of the inboxes whose batches are done; a month that has files of others is left as it is.
        at: called after each of TRANSITIONS, for each month.
    Returns:
        how many files there are less.
    Raises:
        OSError: the disk is full, or cannot be written; the archive is as it was.
    """
    settle(folder)
    less = 0
    for month in sorted(folder.glob("month=*")):
        files = sorted(month.glob("*.parquet"))
        own = all(path.stem.partition("-")[0] in inboxes for path in files)
        if month.name.removeprefix("month=") >= before or not own:
            continue
        groups = [group for group in _groups(files) if len(group) > 1]
        if groups and not _can_exchange(folder):
            break
        if groups and _replaced(folder, month, groups, at):
            less += sum(len(group) - 1 for group in groups)
    return less


def _groups(files: list[Path]) -> list[list[Path]]:
    """The files in their order, as many together as one file may hold."""
    groups: list[list[Path]] = []
    events = FILE_EVENTS
    for path in files:
        rows = pq.read_metadata(path).num_rows
        if events + rows > FILE_EVENTS:
            groups.append([])
            events = 0
        groups[-1].append(path)
        events += rows
    return groups


def _replaced(folder: Path, month: Path, groups: list[list[Path]], at: Callable[[str], None]) -> bool:
    """Let `month` have one file for each group; False when this system or a file's state does not allow it."""
    made = _aside(folder) / month.name
    before = {path.relative_to(folder).as_posix() for path in month.iterdir()}
    try:
        made.mkdir(parents=True)
        _make(month, made, groups)
        at("merged")
        _exchange(made, month)
    except pa.ArrowException:  # it cannot be read: `journeys archive --thorough` names it
        settle(folder)
        return False
    except OSError as error:
        settle(folder)
        if error.errno in _CANNOT:
            return False
        raise
    for changed in (folder, made.parent):
        parquet.sync(changed)
    at("exchanged")
    parquet.list_files(folder, before | {path.relative_to(folder).as_posix() for path in month.glob("*.parquet")})
    at("relisted")
    settle(folder)
    at("removed")
    return True


def _make(month: Path, made: Path, groups: list[list[Path]]) -> None:
    """Fill the folder `made` with what `month` has: each group merged, and everything else under a second name."""
    merged = {path for group in groups for path in group}
    for path in month.iterdir():
        if path not in merged and not path.name.startswith("."):
            (made / path.name).hardlink_to(path)
    for group in groups:
        first, last = group[0].stem.partition("-to-")[0], group[-1].stem.rpartition("-to-")[2]
        table = pa.concat_tables([pq.ParquetFile(path).read() for path in group])
        parquet.write(table.sort_by(_ORDER), made / f"{first}-to-{last}.parquet")


def _aside(folder: Path) -> Path:
    """Beside the archive and not in it: some readers look into every folder below."""
    real = folder.resolve()
    return real.with_name(f".{real.name}.compacting")


def _can_exchange(folder: Path) -> bool:
    """Tried, before a month is merged every hour in vain."""
    aside = _aside(folder)
    if folder.stat().st_dev != aside.parent.stat().st_dev:
        return False
    try:
        for name in ("first", "second"):
            (aside / name).mkdir(parents=True)
        _exchange(aside / "first", aside / "second")
    except OSError as error:
        if error.errno in _CANNOT:
            return False
        raise
    finally:
        settle(folder)
    return True


def _exchange(first: Path, second: Path) -> None:
    """Let two folders have each other's name, in one step.

    Raises:
        OSError: this system, or the disk they are on, cannot.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(_AT_CWD, os.fsencode(first), _AT_CWD, os.fsencode(second), _EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(second))
