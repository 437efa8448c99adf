"""What is kept of one person: handed out whole, or erased whole. Knows the tables by their references alone.

Every table that names a subscriber, or names a row that does, belongs to them: one that is added tomorrow is handed
out and erased without a word here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from milepost import db
from milepost.newsletter import store
from milepost.newsletter.tables import metadata, subscriber, suppression

CHECKPOINT_SECONDS = 5


def ids_of(connection: Connection, address: str) -> list[int]:
    """The ids of the subscribers with that address, in whatever case it is written."""
    same = or_(subscriber.c.address == address, func.lower(subscriber.c.address) == address.lower())
    return [row.id for row in connection.execute(select(subscriber.c.id).where(same))]


def everything_of(connection: Connection, subscriber_id: int) -> dict[str, Any]:
    """Every row that is about one subscriber, by table; times in ISO 8601. Empty when there is no such subscriber."""
    found = {
        table.name: [
            {name: _written(value) for name, value in row._mapping.items()}
            for row in connection.execute(select(table).where(where).order_by(*table.primary_key.columns))
        ]
        for table, where in _theirs(subscriber_id)
    }
    return found if found.get("subscriber") else {}


def erase(connection: Connection, secret: bytes, subscriber_id: int, now: datetime, reason: str = "erased") -> bool:
    """Delete every row that is about one subscriber; returns whether there was one.

    What is left is a keyed hash of the address, which tells that it must not be mailed, and not which it was.
    """
    row = store.subscriber(connection, subscriber_id)
    if row is None:
        return False
    suppress(connection, secret, row.address, reason, now)
    for table, where in reversed(list(_theirs(subscriber_id))):
        connection.execute(delete(table).where(where))
    return True


def suppress(connection: Connection, secret: bytes, address: str, reason: str, now: datetime) -> None:
    """Keep an address from ever being mailed again, unless its owner confirms anew."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    kept = {"hash": store.address_hash(secret, address), "reason": reason, "at": now}
    connection.execute(dialect.insert(suppression).values(kept).on_conflict_do_nothing())


def wipe(engine: Engine, wait_seconds: float = CHECKPOINT_SECONDS) -> bool:
    """Take what was deleted out of the files, too; returns whether it is out.

    On SQLite: pages were overwritten when they were freed (`secure_delete`), and here the journal of what they were
    before is cut off, unless somebody still reads from it after `wait_seconds`. PostgreSQL does as much in
    its own time (VACUUM).
    """
    if engine.dialect.name != "sqlite":
        return True
    raw = engine.raw_connection()
    try:
        raw.execute(f"PRAGMA busy_timeout = {wait_seconds * 1000:.0f}")
        busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        raw.execute(f"PRAGMA busy_timeout = {db.BUSY_SECONDS * 1000}")
    finally:
        raw.close()
    return not busy


def _theirs(subscriber_id: int) -> Iterator[tuple[Table, Any]]:
    """(table, condition) for all that is one subscriber's, so that what refers comes after what it refers to."""
    conditions: dict[Table, Any] = {subscriber: subscriber.c.id == subscriber_id}
    for table in metadata.sorted_tables:
        for column, to in _references(table):
            if to.table is subscriber:
                conditions[table] = column == subscriber_id
            elif to.table in conditions:
                conditions.setdefault(table, column.in_(select(to).where(conditions[to.table])))
    yield from ((table, conditions[table]) for table in metadata.sorted_tables if table in conditions)


def _references(table: Table) -> Iterator[tuple[Column[Any], Column[Any]]]:
    yield from ((key.parent, key.column) for key in table.foreign_keys)


def _written(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
