"""Files of what happened elsewhere, into the inbox: CSV with a map, JSON lines of the wire, Parquet of the archive.

Good rows go in; bad ones are told by line and column, and written to a file to mend and import again.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from milepost.errors import Finding
from milepost.journeys import wire
from milepost.journeys.csv_map import Map, Misuse
from milepost.journeys.elsewhere import ElsewhereFault, Outcome, People, told
from milepost.journeys.inbox import Inbox
from milepost.journeys.model import EVENT_TYPES, TIERS, Event, Told
from milepost.settings import Environment

AT_ONCE = 1_000


@dataclass
class Imported:
    """What one import did."""

    outcome: Outcome
    findings: list[Finding] = field(default_factory=list)
    bad_file: Path | None = None

    def summary(self) -> str:
        """For a person: one line, and one more where rows are to be mended."""
        taken, joined = self.outcome.taken, self.outcome.joined
        said = f"{taken} row{'' if taken == 1 else 's'} taken, {joined} of them joined to a person"
        said += "; what was imported before counts once"
        if self.bad_file:
            said += f"\n{len(self.findings)} bad, in {self.bad_file}: mend them there, and import that file"
        return said


@dataclass(frozen=True)
class Line:
    """One row of a file: its number, its text as it stands there, and what it says, or what is wrong with it."""

    number: int
    text: str
    said: Told | ElsewhereFault


def import_file(env: Environment, path: Path, people: People, map_file: Path | None = None) -> Imported:
    """Take in `path`; again is no different.

    Raises:
        Misuse: the file is none of the three kinds, cannot be read, or its map is wrong.
        MilepostError: the inbox cannot be written. What was taken before stays, and counts once.
    """
    readers = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}
    if path.suffix not in readers:
        raise Misuse(f"{path}: not .csv, .jsonl or .parquet; name it by what it is")
    if (path.suffix == ".csv") != (map_file is not None):
        raise Misuse("a .csv needs --map, a TOML that says which column is what; nothing else has one")
    try:
        head, lines = readers[path.suffix](env, path, people, map_file)
        return asyncio.run(_take(env, path, head, lines))
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}; nothing was imported") from error


async def _take(env: Environment, path: Path, head: str, lines: Iterable[Line]) -> Imported:
    done = Imported(Outcome())
    bad: list[str] = []
    async with Inbox(env.var / "inbox") as box:
        waiting: list[Told] = []
        for line in lines:
            if isinstance(line.said, ElsewhereFault):
                where = f"column {line.said.field}: " if line.said.field else ""
                done.findings.append(Finding(str(path), line.number, "import", where + line.said.message))
                bad.append(line.text)
                continue
            waiting.append(line.said)
            if len(waiting) >= AT_ONCE:
                await _append(box, waiting, done)
        await _append(box, waiting, done)
    if bad:
        done.bad_file = path.with_name(f"{path.stem}.bad{path.suffix}")
        if path.suffix != ".parquet":
            done.bad_file.write_text(head + "".join(bad), encoding="utf-8")
        else:
            done.bad_file = None
    return done


async def _append(box: Inbox, waiting: list[Told], done: Imported) -> None:
    if waiting:
        await box.append_imported(waiting, wire.microseconds(datetime.now(UTC)))
    done.outcome.taken += len(waiting)
    done.outcome.joined += sum(one.person is not None for one in waiting)
    waiting.clear()


Read = tuple[str, Iterator[Line]]


def _json_lines(env: Environment, path: Path, people: People, _: Path | None) -> Read:
    def lines() -> Iterator[Line]:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    yield Line(number, text if text.endswith("\n") else f"{text}\n", json_told(text, people))

    return "", lines()


def json_told(text: str, people: People) -> Told | ElsewhereFault:
    """One line of JSON as an event, or what is wrong with it."""
    try:
        return told(json.loads(text), people)
    except (ValueError, RecursionError):
        return ElsewhereFault(None, "not JSON")
    except ElsewhereFault as fault:
        return fault


def _csv(env: Environment, path: Path, people: People, map_file: Path | None) -> Read:
    mapping = Map(map_file or path)
    delimiter = mapping.read.get("delimiter", ",")
    file = path.open(encoding="utf-8-sig", newline="")
    rows = csv.reader(file, delimiter=delimiter)
    names = next(rows, [])
    missing = [column for column in mapping.columns.values() if column not in names]
    if missing:
        raise Misuse(f"{path}:1: no column {missing[0]!r}; there are {', '.join(names)}")

    def lines() -> Iterator[Line]:
        with file:
            before = rows.line_num
            for row in rows:
                number, before = before + 1, rows.line_num
                if any(row):
                    yield Line(number, _row_text(row, delimiter), said(row))

    def said(row: list[str]) -> Told | ElsewhereFault:
        if len(row) != len(names):
            return ElsewhereFault(None, f"{len(row)} values for {len(names)} columns")
        try:
            return told(mapping.event(env.secret(), dict(zip(names, row, strict=True))), people)
        except ElsewhereFault as fault:
            return fault if fault.field in names else ElsewhereFault(mapping.column_of(fault.field), fault.message)

    return _row_text(names, delimiter), lines()


def _row_text(row: list[str], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(row)
    return text.getvalue()


def _parquet(env: Environment, path: Path, people: People, _: Path | None) -> Read:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from milepost.journeys.columns import archive_schema

    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    except pa.ArrowException as error:
        raise Misuse(f"{path}: not Parquet; {str(error).partition(chr(10))[0]}") from error
    if schema.names != archive_schema().names:
        raise Misuse(f"{path}: its columns are not those of the archive; see the docs, The archive")

    def lines() -> Iterator[Line]:
        number = 0
        for batch in file.iter_batches():
            for row in batch.cast(archive_schema()).to_pylist():
                number += 1
                yield Line(number, "", _archived(row))

    return "", lines()


def _archived(row: dict[str, Any]) -> Told | ElsewhereFault:
    if row["type"] not in EVENT_TYPES or row["tier"] not in TIERS:
        return ElsewhereFault("type" if row["type"] not in EVENT_TYPES else "tier", "is none that is known")
    if (row["person"] is not None) != (row["tier"] in ("consented", "known")):
        return ElsewhereFault("person", f"does not go with {row['tier']}")
    names = ("id", "type", "touchpoint", "goal", "value", "currency", "data")
    event = Event(at=wire.microseconds(row["at"]), **{name: row[name] for name in names})
    return Told(event, row["tier"], row["visit"], row["person"], row["bot"])
