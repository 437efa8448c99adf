"""The files of inboxes: their tables, who holds which, and connections that are durable at each commit."""

from __future__ import annotations

import fcntl
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

BUSY_SECONDS = 10.0
"""How long one process waits for another's transaction on the same inbox."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    received INTEGER NOT NULL,  -- microseconds since 1970, UTC
    tier TEXT NOT NULL, visit BLOB, person TEXT, bot TEXT,
    size INTEGER NOT NULL,      -- how many events there are
    events BLOB NOT NULL,       -- MessagePack of model.Event, an array of arrays; or the JSON that was sent
    imported INTEGER NOT NULL DEFAULT 0  -- whether they may be of any age, and repeated after any time
);
CREATE INDEX IF NOT EXISTS visited ON requests (visit) WHERE tier = 'visited';
-- Events at touchpoints that the site's manifest does not have: never archived, only reported.
CREATE TABLE IF NOT EXISTS aside (
    received INTEGER NOT NULL, tier TEXT NOT NULL, visit BLOB, person TEXT, bot TEXT,
    touchpoint TEXT NOT NULL, event BLOB NOT NULL
);
-- What the archiver took: requests first..last, recorded before they are written. They change no more.
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL, last INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0
);
"""


def inboxes(folder: Path) -> list[Path]:
    """The inbox files of a state folder, whoever writes to them."""
    return sorted(folder.glob("inbox-*.sqlite"))


def connect(path: Path) -> sqlite3.Connection:
    """A connection that is durable at each commit; the caller begins and commits. Makes the tables at first use."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        with transaction(connection):
            for statement in SCHEMA.split(";\n"):
                connection.execute(statement)
            _bring_up_to_date(connection)
            if not connection.execute("SELECT 1 FROM inbox").fetchone():
                connection.execute("INSERT INTO inbox VALUES (?)", (secrets.token_hex(6),))
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """What an inbox of an earlier version lacks; its requests stay as they are."""
    if "imported" not in {row[1] for row in connection.execute("PRAGMA table_info(requests)")}:
        connection.execute("ALTER TABLE requests ADD COLUMN imported INTEGER NOT NULL DEFAULT 0")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; on disk when it is left."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def free_inbox(folder: Path) -> tuple[Path, IO[bytes]]:
    """The first inbox that no living process holds, and its lock: a restarted process goes on with its file."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    number = 1
    while True:
        path = folder / f"inbox-{number}.sqlite"
        lock = path.with_suffix(".lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            number += 1
        else:
            return path, lock
