"""Which person an order's token belongs to: kept as keyed hashes, so that this file names no order."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from milepost.journeys.boxes import transaction
from milepost.journeys.forgotten import keyed
from milepost.settings import Environment


class Links:
    """The links of one state folder. Small: one row for each order that a consenting reader placed."""

    def __init__(self, env: Environment) -> None:
        self._path = env.var / "links.sqlite"
        self._secret = env.secret

    def keep(self, order: str, person: str) -> None:
        """From now on `order` is `person`'s, unless it is somebody's already: a token is told once."""
        with closing(self._connection()) as connection, transaction(connection):
            connection.execute("INSERT OR IGNORE INTO links VALUES (?, ?)", (self._key(order), person))

    def person_of(self, order: str) -> str | None:
        """Whose order it is, where that is known."""
        if not self._path.exists():
            return None
        with closing(self._connection()) as connection:
            found = connection.execute("SELECT person FROM links WHERE key = ?", (self._key(order),)).fetchone()
        return str(found[0]) if found else None

    def forget(self, person: str) -> int:
        """Drop every link to `person`; returns how many there were."""
        if not self._path.exists():
            return 0
        with closing(self._connection()) as connection:
            with transaction(connection):
                count = connection.execute("DELETE FROM links WHERE person = ?", (person,)).rowcount
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def _key(self, order: str) -> bytes:
        return keyed(self._secret(), "order", order)

    def _connection(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA secure_delete = ON",
            "CREATE TABLE IF NOT EXISTS links (key BLOB PRIMARY KEY, person TEXT NOT NULL) WITHOUT ROWID",
        ):
            connection.execute(statement)
        return connection
