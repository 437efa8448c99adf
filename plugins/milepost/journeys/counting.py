"""Counting: a report reads what is new, and knows of the rest what it counted before.

One file below MILEPOST_VAR, `counted.zip`, has every tally of the last report, the digests of the archive's files that
they were made of, and a digest of whatever else shaped them. It is derived, made again whenever in doubt, and names no
person. It is believed when every one of these
files is as it was; events that came late are in new files, and whatever rewrites a file, such as forgetting a person,
removing what is kept no longer, or merging a past month, has everything counted from nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from milepost.journeys import parquet
from milepost.journeys.measures import __file__ as measures_file
from milepost.journeys.measures.events import Opened, opened, places_of
from milepost.journeys.measures.since import opened_files, opened_since
from milepost.journeys.measures.tally import Ledger, UnknownTallyError, kept_in
from milepost.settings import Environment

MOST_NEW = 0.2
"""With more new events than this part of the earlier ones, counting from nothing is less work."""

T = TypeVar("T")
Touchpoints = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class _Counted:
    """The tallies of a run, and what they were made of; `seen` and `bots` as `events.Opened` has them."""

    files: Mapping[str, str]
    shape: str
    places: str
    seen: frozenset[str]
    bots: int
    tables: Mapping[str, pa.Table]


def counting(
    env: Environment, touchpoints: Touchpoints, shape: object, measure: Callable[[Opened], T]
) -> tuple[T, int, str]:
    """What `measure` makes of the whole archive, by what was counted before where that may be believed.

    On Spark, and for an archive that is no folder of this machine, everything is read.

    Args:
        touchpoints: the list in `touchpoints.json`.
        shape: whatever the tallies of `measure` depend on besides events and touchpoints; its repr is compared.
    Returns:
        what it makes; how many events of bots there are; and a line that says what was read.
    """
    if env.engine != "duckdb" or ("://" in env.archive_url and not env.archive_url.startswith("file://")):
        found = opened(env.archive_url, touchpoints, engine=env.engine)
        return measure(found), found.bots, "counted: the whole archive"
    try:
        return _counting(env, touchpoints, shape, measure)
    except (duckdb.IOException, FileNotFoundError):
        # A month was merged, or somebody forgotten, in the middle of it: the files have other names now.
        return _counting(env, touchpoints, shape, measure)


def _counting(
    env: Environment, touchpoints: Touchpoints, shape: object, measure: Callable[[Opened], T]
) -> tuple[T, int, str]:
    folder, known = parquet.archive_folder(env), list(touchpoints)
    paths = parquet.files_in(folder)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = list(pool.map(lambda path: _digest(path.read_bytes()), paths))
    files = {path.relative_to(folder).as_posix(): digest for path, digest in zip(paths, digests, strict=True)}
    shaped = _digest(repr((_code(), shape)).encode())
    base, why = _believed(env.var / parquet.COUNTED, folder, files, shaped, known)
    if base is not None:
        try:
            return _brought_up_to_date(env, folder, files, base, known, measure)
        except UnknownTallyError:
            why = "something is asked that was not before"
    found = opened_files([str(folder / name) for name in files], known)
    with kept_in(ledger := Ledger()):
        made = measure(found)
    _save(
        env.var / parquet.COUNTED,
        _Counted(files, shaped, _places(known, found.seen), found.seen, found.bots, ledger.tables),
    )
    return made, found.bots, f"counted: the whole archive, {why}"


def _brought_up_to_date(
    env: Environment,
    folder: Path,
    files: Mapping[str, str],
    base: _Counted,
    known: list[Mapping[str, Any]],
    measure: Callable[[Opened], T],
) -> tuple[T, int, str]:
    new = [name for name in files if name not in base.files]
    earlier, came = ([str(folder / name) for name in names] for names in (base.files, new))
    found = opened_since(earlier, came, known, base.seen)
    with kept_in(ledger := Ledger(base.tables)):
        made = measure(found)
    bots = base.bots + found.bots
    if new:
        counted = _Counted(files, base.shape, _places(known, found.seen), found.seen, bots, ledger.tables)
        _save(env.var / parquet.COUNTED, counted)
    count = sum(pq.read_metadata(folder / name).num_rows for name in new)
    if not new:
        return made, bots, "counted: nothing is new"
    return made, bots, f"counted: {count:,} new event{'' if count == 1 else 's'}, and what their readers did before"


def _believed(
    path: Path, folder: Path, files: Mapping[str, str], shaped: str, known: list[Mapping[str, Any]]
) -> tuple[_Counted | None, str]:
    """What was counted before, or None and why it does not count."""
    base = _load(path)
    if base is None:
        return None, f"since {os.path.relpath(path)} cannot be read" if path.exists() else "for the first time"
    if base.shape != shaped:
        return None, "since settings or Milepost have changed"
    if changed := [name for name, digest in base.files.items() if files.get(name) != digest]:
        return None, f"since {changed[0]} is not as it was"
    if base.places != _places(known, base.seen):
        return None, "since pages have other topics, authors or objectives"
    rows = {name: pq.read_metadata(folder / name).num_rows for name in files}
    new = sum(count for name, count in rows.items() if name not in base.files)
    if new > MOST_NEW * (sum(rows.values()) - new):
        return None, "since much is new"
    return base, ""


def _places(known: list[Mapping[str, Any]], seen: Iterable[str]) -> str:
    """A digest of where the touchpoints are that events name; what nobody has met yet shapes no tally."""
    met = frozenset(seen)
    mine = {str(one["id"]): one for one in known if str(one["id"]) in met}
    return _digest(repr(places_of(mine, met)).encode())


def _code() -> str:
    """A digest of what counts: what another version has counted is not believed."""
    sources = sorted(Path(measures_file).parent.rglob("*.py"))
    return _digest(b"\0".join(source.read_bytes() for source in [*sources, Path(__file__)]))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _save(path: Path, counted: _Counted) -> None:
    """Write it as a whole or not at all, for the eyes of this user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    about = {
        "files": counted.files,
        "shape": counted.shape,
        "places": counted.places,
        "seen": sorted(counted.seen),
        "bots": counted.bots,
        "tables": list(counted.tables),
    }
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file, zipfile.ZipFile(file, "w") as packed:
            packed.writestr("about.json", json.dumps(about))
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for number, content in enumerate(pool.map(_packed, counted.tables.values())):
                    packed.writestr(f"{number}.parquet", content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _packed(table: pa.Table) -> bytes:
    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()


def _load(path: Path) -> _Counted | None:
    """None where it is damaged: a zip's own checksums tell."""
    try:
        with zipfile.ZipFile(path) as packed:
            about = json.loads(packed.read("about.json"))
            tables = {
                name: pq.read_table(io.BytesIO(packed.read(f"{number}.parquet")))
                for number, name in enumerate(about["tables"])
            }
        return _Counted(
            about["files"], about["shape"], about["places"], frozenset(about["seen"]), about["bots"], tables
        )
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError, pa.ArrowException, EOFError):
        return None
