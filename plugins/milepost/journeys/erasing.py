"""Everything of one person: shown, or erased from inboxes, links and archive. The caller holds the archiver's lock."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from milepost.journeys import boxes, compacting, inbox, parquet
from milepost.journeys.forgotten import Forgotten
from milepost.journeys.links import Links
from milepost.settings import Environment


@dataclass(frozen=True)
class Receipt:
    """What was erased of one person."""

    person: str
    at: datetime
    inbox: int = 0
    """Events that were not archived yet, or set aside."""
    archive: int = 0
    files: int = 0
    """Files of the archive that were rewritten or removed."""
    links: int = 0

    def text(self) -> str:
        """For a person to keep."""
        return (
            f"forgotten: {self.person}\nat: {self.at:%Y-%m-%dT%H:%M:%SZ}\n"
            f"events erased from the inbox: {self.inbox}\n"
            f"events erased from the archive: {self.archive} in {self.files} rewritten file(s)\n"
            f"order tokens unlinked: {self.links}\n"
            "Nothing is kept of this person but a keyed hash, which refuses the same id from now on."
        )

    def json(self) -> bytes:
        return msgspec.json.encode(self)


def erase(env: Environment, person: str) -> Receipt:
    """Erase `person` everywhere, and refuse what comes of them later. Killed, the next run of the archiver ends it.

    Args:
        person: an id that consent gives, 22 characters.
    """
    forgotten = Forgotten(env)
    forgotten.begin(person)
    waited = sum(_erase_in(path, person) for path in boxes.inboxes(env.var / "inbox"))
    links = Links(env).forget(person)
    compacting.settle(parquet.archive_folder(env))
    (env.var / parquet.COUNTED).unlink(missing_ok=True)
    archived, files = parquet.erase(parquet.archive_folder(env), person)
    forgotten.done(person)
    return Receipt(person, datetime.now(UTC), waited, archived, len(files), links)


def waiting_of(env: Environment, person: str) -> list[dict[str, Any]]:
    """The events of `person` that are in no archive yet, by the archive's columns."""
    found: list[dict[str, Any]] = []
    for path in boxes.inboxes(env.var / "inbox"):
        with closing(boxes.connect(path)) as connection:
            rows = connection.execute(_WAITING, (person,)).fetchall()
            rows += [(*row, False) for row in connection.execute(_ASIDE, (person,))]
        for received, tier, visit, bot, packed, whole in rows:
            events = inbox.unpack(packed) if whole else [inbox.unpack_one(packed)]
            who = {"received": _time(received), "tier": tier, "visit": visit, "person": person, "bot": bot}
            found += [{**event._asdict(), **who, "at": _time(event.at)} for event in events]
    return found


_WAITING = "SELECT received, tier, visit, bot, events, 1 FROM requests WHERE person = ?"
_ASIDE = "SELECT received, tier, visit, bot, event FROM aside WHERE person = ?"


def _erase_in(path: Path, person: str) -> int:
    with closing(boxes.connect(path)) as connection:
        with boxes.transaction(connection):
            whole = "SELECT coalesce(sum(size), 0) FROM requests WHERE person = ?"
            (count,) = connection.execute(whole, (person,)).fetchone()
            connection.execute("DELETE FROM requests WHERE person = ?", (person,))
            aside = connection.execute("DELETE FROM aside WHERE person = ?", (person,)).rowcount
        _empty_log(connection)
    return int(count) + aside


def _empty_log(connection: sqlite3.Connection) -> None:
    """Leave nothing in the write-ahead log either: SQLite would, until it is next written over."""
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")


def _time(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
