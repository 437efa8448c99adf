"""The archive's files: Parquet by month, and the manifest that lists them. Each is replaced as a whole or not at all.

Knows no inbox; whoever writes here holds the archiver's lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from milepost.errors import MilepostError
from milepost.journeys.columns import archive_schema, write_parquet
from milepost.settings import Environment

CORRUPT = ".corrupt"
"""What the name of a file that cannot be read ends with, once it is set aside: no reader takes it for Parquet."""

COUNTED = "counted.zip"
"""The file below MILEPOST_VAR that has what was counted of the archive, see `counting`."""


class Row(NamedTuple):
    """One event as the archive has it, in the order of `archive_schema()`; times in microseconds since 1970."""

    id: bytes
    at: int
    received: int
    type: str
    touchpoint: str
    tier: str
    visit: bytes | None
    person: str | None
    goal: str | None
    value: float | None
    currency: str | None
    bot: str | None
    data: str | None


def archive_folder(env: Environment) -> Path:
    """Where the archive is."""
    url = env.archive_url
    if "://" in url and not url.startswith("file://"):
        raise MilepostError(f"MILEPOST_ARCHIVE_URL is {url!r}; say the path of a folder on this machine")
    return Path(url.removeprefix("file://"))


def files_in(folder: Path) -> list[Path]:
    """The Parquet files of the archive in `folder`, by month."""
    return sorted(folder.glob("month=*/*.parquet"))


def ordered(rows: Iterable[Row]) -> pa.Table:
    """The rows as a table of `archive_schema()`, by person and time."""
    sorted_rows = sorted(rows, key=lambda row: (row.person is None, row.person or "", row.at, row.id))
    columns = zip(zip(*sorted_rows, strict=True), archive_schema(), strict=True)
    return pa.table([pa.array(values, column.type) for values, column in columns], schema=archive_schema())


def write(table: pa.Table, path: Path, at: Callable[[str], None] = lambda transition: None) -> None:
    """Make `path` hold `table`; on disk on return. Calls `at` with "written" before it takes its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(path, at) as temporary:
        write_parquet(table, temporary)
    sync(path.parent.parent)


def listed(folder: Path) -> dict[str, Mapping[str, Any]]:
    """What manifest.json says of each file, by its path in `folder`."""
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    return {entry["path"]: entry for entry in msgspec.json.decode(path.read_bytes())["files"]}


def list_files(folder: Path, changed: Iterable[str]) -> None:
    """Let manifest.json say of the `changed` files what is so: how long they are, or that they are gone."""
    entries = listed(folder)
    for name in changed:
        written = folder / name
        if written.exists():
            rows = pq.read_metadata(written).num_rows
            entries[name] = {"path": name, "rows": rows, "bytes": written.stat().st_size}
        else:
            entries.pop(name, None)
    manifest = {"version": 1, "files": [entries[name] for name in sorted(entries)]}
    folder.mkdir(parents=True, exist_ok=True)
    with _replacing(folder / "manifest.json") as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def set_aside_corrupt(folder: Path, thorough: bool = False) -> list[str]:
    """Rename every file that cannot be read, so that the rest can; returns their paths in `folder`.

    Args:
        thorough: read all of each file, and not only its footer.
    """
    found = []
    for path in files_in(folder):
        try:
            if thorough:
                pq.ParquetFile(path).read()
            elif not pq.read_schema(path).equals(archive_schema()):
                raise pa.ArrowInvalid("other columns")
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, PermissionError):
                raise MilepostError(f"{path}: {error.strerror}; nothing is lost, archive again") from error
            path.replace(path.with_name(path.name + CORRUPT))
            found.append(path.relative_to(folder).as_posix())
    if found:
        list_files(folder, found)
    return found


def ids_of(folder: Path, month: str, but: str) -> set[bytes]:
    """The ids of one month's events, those in the files of batch `but` left out."""
    paths = [path for path in files_in(folder) if path.parent.name == f"month={month}" and path.stem != but]
    return {one for path in paths for one in pq.ParquetFile(path).read(columns=["id"])["id"].to_pylist()}


def rows_of(folder: Path, person: str) -> list[dict[str, Any]]:
    """Every archived event of `person`, by the archive's columns, in time."""
    found = []
    for path in files_in(folder):
        table = pq.ParquetFile(path).read()
        found += table.filter(pc.equal(table["person"], person)).to_pylist()
    return sorted(found, key=lambda row: (row["at"], row["id"]))


def erase(folder: Path, person: str) -> tuple[int, list[str]]:
    """Rewrite every file that has events of `person` without them; a file of nobody else's is removed.

    Returns:
        how many events there were, and the files.
    """
    events, files = 0, []
    for path in files_in(folder):
        people = pq.ParquetFile(path).read(columns=["person"])["person"]
        count = pc.sum(pc.equal(people, person)).as_py() or 0
        if not count:
            continue
        table = pq.ParquetFile(path).read()
        kept = table.filter(pc.fill_null(pc.not_equal(table["person"], person), True))
        if kept.num_rows:
            write(kept, path)
        else:
            path.unlink()
            sync(path.parent)
        events += count
        files.append(path.relative_to(folder).as_posix())
    if files:
        list_files(folder, files)
    return events, files


def remove_before(folder: Path, month: str) -> list[str]:
    """Remove the files of every month before `month` (`YYYY-MM`), those set aside among them."""
    old = [path for path in folder.glob("month=*") if path.name.removeprefix("month=") < month]
    names = [path.relative_to(folder).as_posix() for parent in old for path in sorted(parent.iterdir())]
    for name in names:
        (folder / name).unlink()
    for parent in old:
        parent.rmdir()
    if names:
        list_files(folder, names)
    return names


@contextmanager
def _replacing(path: Path, at: Callable[[str], None] = lambda transition: None) -> Iterator[Path]:
    """Yield a name to write to, which then becomes `path` as a whole. No reader takes that name for Parquet."""
    temporary = path.with_name(f".{path.name}.new")
    yield temporary
    sync(temporary)
    at("written")
    temporary.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk on return."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
