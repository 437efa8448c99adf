"""The archiver: moves what the inboxes hold into Parquet, by month, so that each event is there once.

A batch is a range of one inbox's requests, recorded before it is written, and names its files. In order:
recorded, ids claimed, files written aside, renamed into place, listed in the manifest, and only then are the
requests deleted. Killed anywhere, the next run takes up the recorded batch and makes the same files again.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from milepost.errors import MilepostError
from milepost.journeys import boxes, compacting, inbox, parquet
from milepost.journeys.erasing import erase
from milepost.journeys.forgotten import Forgotten
from milepost.journeys.parquet import Row
from milepost.journeys.visits import Salts
from milepost.journeys.wire import microseconds
from milepost.settings import Environment

BATCH_EVENTS = 100_000
IDS_KEPT = timedelta(hours=48)
LATE = timedelta(days=2)
"""How long a month that is over may still get events of readers, whose clocks differ and whose networks fail."""
ASIDE_KEPT = timedelta(days=30)
LOCK_SECONDS = 30.0

TRANSITIONS = ("recorded", "claimed", "written", "renamed", "listed", "deleted")
"""What has just become durable, in order; `archive_inboxes` calls `at` with each."""


@dataclass
class Archived:
    """What one run did."""

    folder: Path
    forgotten: Forgotten
    events: int = 0
    repeated: int = 0
    files: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    """Files that could not be read, and were renamed."""
    removed: int = 0
    """Files of months that are kept no longer."""
    compacted: int = 0
    """How many files fewer past months have now."""
    aside: Counter[str] = field(default_factory=Counter)
    """Events kept out, by the unknown touchpoint they name; over all runs of the last 30 days."""

    def summary(self) -> str:
        """For a person: a line for what was archived, and one for what was set aside."""
        if self.events:
            counts = f"{_many(self.events, 'event')} archived, {_many(len(self.files), 'file')}"
            said = f"{counts}, in {os.path.relpath(self.folder)}"
        else:
            said = "nothing new to archive; events come from readers of a site with `milepost serve` or `milepost app`"
        if self.repeated:
            said += f"\n{_many(self.repeated, 'repeated event')} counted once"
        for name in self.corrupt:
            said += f"\n{self.folder / name} cannot be read, and is now {name.rpartition('/')[2]}{parquet.CORRUPT}; "
            said += "restore it from a backup"
        if self.compacted:
            said += f"\n{_many(self.compacted, 'file')} of past months merged into others"
        if self.removed:
            said += f"\n{_many(self.removed, 'file')} of months beyond JOURNEY_RETENTION removed"
        if self.aside:
            names = ", ".join(f"{name} ({count})" for name, count in self.aside.most_common(5))
            more = f", and {len(self.aside) - 5} more" if len(self.aside) > 5 else ""
            said += (
                f"\n{_many(self.aside.total(), 'event')} at {_many(len(self.aside), 'unknown touchpoint')} set aside: "
                f"{names}{more}; they are not in the site's touchpoints.json"
            )
        return said


@dataclass(frozen=True)
class Batch:
    """Requests `first` to `last` of the inbox called `inbox`."""

    inbox: str
    number: int
    first: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.inbox}-{self.number}"


def archive_inboxes(
    env: Environment,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    at: Callable[[str], None] = lambda transition: None,
    retention_months: int | None = None,
    thorough: bool = False,
) -> Archived:
    """Move every event that is in an inbox now into the archive, and remove what is kept no longer.

    Args:
        at: called after each of TRANSITIONS, for each batch, and of those of `compacting`, for each month.
        retention_months: how many whole months are kept besides the current one; None keeps all.
        thorough: read every file of the archive, to find those that cannot be.
    Raises:
        MilepostError: another archiver is at work, an inbox cannot be read, or the archive cannot be written.
            Nothing is lost then; the next run goes on.
    """
    folder, done = env.var / "inbox", Archived(parquet.archive_folder(env), Forgotten(env))
    Salts(env.var / "salts").destroy_all_but(clock().date())
    if not folder.exists():
        return done
    with only_archiver(folder / "archiver.lock"), closing(_claims(folder / "ids.sqlite")) as claims:
        done.forgotten.refresh()
        done.corrupt = parquet.set_aside_corrupt(done.folder, thorough)
        compacting.settle(done.folder)
        for person in done.forgotten.pending():
            erase(env, person)
        names: set[str] = set()
        for path in boxes.inboxes(folder):
            try:
                with closing(boxes.connect(path)) as connection:
                    names.add(_empty(connection, claims, done, clock(), at))
            except sqlite3.Error as error:
                raise MilepostError(f"{path}: {error}; nothing of it was archived, mend or move it") from error
            except OSError as error:
                where = error.filename or done.folder
                raise MilepostError(f"{where}: {error.strerror}; nothing is lost, archive again") from error
        with boxes.transaction(claims):
            claims.execute("DELETE FROM ids WHERE claimed < ?", (microseconds(clock() - IDS_KEPT),))
        if retention_months is not None:
            done.removed = len(parquet.remove_before(done.folder, _months_before(clock(), retention_months)))
        try:
            done.compacted = compacting.compact(done.folder, f"{clock() - LATE:%Y-%m}", names, at)
        except OSError as error:
            where = error.filename or done.folder
            raise MilepostError(f"{where}: {error.strerror}; nothing is lost, archive again") from error
    return done


def _months_before(now: datetime, months: int) -> str:
    number = now.year * 12 + now.month - 1 - months
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _empty(
    connection: sqlite3.Connection, claims: sqlite3.Connection, done: Archived, now: datetime, at: Callable[[str], None]
) -> str:
    """Archive one inbox, batch after batch, up to the last request it has now. Returns its name."""
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM requests").fetchone()
    while batch := _open_batch(connection, last):
        at("recorded")
        rows, imported = _rows(connection, batch)
        mine = _claimed(claims, batch, [row.id for row in rows], now) - _archived_before(done.folder, batch, imported)
        at("claimed")
        # The first of equal ids counts: within the batch by order, between batches and inboxes by claim.
        unique = {row.id: row for row in reversed(rows) if row.id in mine and not done.forgotten.has(row.person)}
        files = _write(done.folder, batch, list(unique.values()), at)
        parquet.list_files(done.folder, files)
        at("listed")
        with boxes.transaction(connection):
            connection.execute("DELETE FROM requests WHERE number BETWEEN ? AND ?", (batch.first, batch.last))
            connection.execute("UPDATE batches SET done = 1 WHERE number = ?", (batch.number,))
            connection.execute("DELETE FROM batches WHERE number < ?", (batch.number,))
        at("deleted")
        done.events += len(unique)
        done.repeated += len(rows) - len(unique)
        done.files += files
    with boxes.transaction(connection):
        connection.execute("DELETE FROM aside WHERE received < ?", (microseconds(now - ASIDE_KEPT),))
    done.aside.update(dict(connection.execute("SELECT touchpoint, count(*) FROM aside GROUP BY touchpoint")))
    (name,) = connection.execute("SELECT name FROM inbox").fetchone()
    return str(name)


def _open_batch(connection: sqlite3.Connection, until: int) -> Batch | None:
    """The batch that an earlier run recorded and did not finish, else a new one of requests up to number `until`."""
    (name,) = connection.execute("SELECT name FROM inbox").fetchone()
    with boxes.transaction(connection):
        found = connection.execute("SELECT number, first, last FROM batches WHERE NOT done").fetchone()
        if not found:
            first, last, events = None, 0, 0
            requests = connection.execute(
                "SELECT number, size FROM requests WHERE number <= ? ORDER BY number", (until,)
            )
            for number, size in requests:
                first, last, events = first or number, number, events + size
                if events >= BATCH_EVENTS:
                    break
            if first is None:
                return None
            cursor = connection.execute("INSERT INTO batches (first, last) VALUES (?, ?)", (first, last))
            found = cursor.lastrowid, first, last
    return Batch(name, *found)


def _rows(connection: sqlite3.Connection, batch: Batch) -> tuple[list[Row], list[Row]]:
    """All rows of a batch, and those among them that were imported."""
    requests = connection.execute(
        "SELECT received, tier, visit, person, bot, imported, events FROM requests "
        "WHERE number BETWEEN ? AND ? ORDER BY number",
        (batch.first, batch.last),
    )
    rows: list[Row] = []
    imports: list[Row] = []
    for received, tier, visit, person, bot, imported, packed in requests:
        who = {"received": received, "tier": tier, "visit": visit, "person": person, "bot": bot}
        some = [Row(**event._asdict(), **who) for event in inbox.unpack(packed)]
        rows += some
        imports += some if imported else ()
    return rows, imports


def _archived_before(folder: Path, batch: Batch, imported: list[Row]) -> set[bytes]:
    """Ids of imports that the archive has: those come again after any time, when no claim is left of them."""
    found: set[bytes] = set()
    for month, those in _by_month(imported).items():
        found |= {row.id for row in those} & parquet.ids_of(folder, month, but=batch.name)
    return found


def _claims(path: Path) -> sqlite3.Connection:
    """Which batch each id went into, over all inboxes, for as long as the id could be sent again."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    columns = "id BLOB PRIMARY KEY, batch TEXT NOT NULL, claimed INTEGER NOT NULL"
    connection.execute(f"CREATE TABLE IF NOT EXISTS ids ({columns}) WITHOUT ROWID")
    return connection


def _claimed(claims: sqlite3.Connection, batch: Batch, ids: list[bytes], now: datetime) -> set[bytes]:
    """The ids that are this batch's; the same whenever it is asked."""
    claimed = microseconds(now)
    with boxes.transaction(claims):
        claims.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?, ?)", ((i, batch.name, claimed) for i in ids))
    of = "SELECT 1 FROM ids WHERE id = ? AND batch = ?"
    return {i for i in ids if claims.execute(of, (i, batch.name)).fetchone()}


def _write(folder: Path, batch: Batch, rows: list[Row], at: Callable[[str], None]) -> list[str]:
    """One file for each month that the rows fall in, ordered by person and time. Returns their paths in `folder`."""
    files = []
    for month, those in sorted(_by_month(rows).items()):
        path = folder / f"month={month}" / f"{batch.name}.parquet"
        parquet.write(parquet.ordered(those), path, at)
        at("renamed")
        files.append(path.relative_to(folder).as_posix())
    return files


def _by_month(rows: Iterable[Row]) -> dict[str, list[Row]]:
    months: dict[str, list[Row]] = {}
    for row in rows:
        months.setdefault(_month(row.at), []).append(row)
    return months


@contextmanager
def only_archiver(path: Path) -> Iterator[None]:
    """Hold the archiver's lock; another one is waited for a while."""
    deadline = time.monotonic() + LOCK_SECONDS
    with path.open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise MilepostError(f"{path}: another archiver is at work; run again when it is done") from None
                time.sleep(0.1)
        yield


def _month(at: int) -> str:
    return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
