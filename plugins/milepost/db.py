"""Databases by URL: an engine whose commits last, and migrations that run when the store is opened.

Knows SQLAlchemy and alembic; knows no table.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from milepost.errors import MilepostError, SettingsError

BUSY_SECONDS = 30
_MIGRATING = 0x4D494C45
"""Of PostgreSQL's advisory locks, the one that is held while tables change."""


class DatabaseError(MilepostError):
    """The database cannot be opened or brought up to date; the text says which and why."""


def engine_for(url: str) -> Engine:
    """An engine for `url`. On SQLite: WAL, every commit synced, foreign keys checked, what is deleted is overwritten,
    patient with other writers.

    A transaction on SQLite takes the write lock when it begins, so that no other writer can make it fail half-way.
    Keep it short; one that only reads is `reading(engine)`, and waits for nobody.

    Raises:
        SettingsError: when `url` is none.
    """
    try:
        parsed = make_url(url)
        # An error's text shows no parameters: they are addresses, and the text is logged.
        engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=not parsed.drivername.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise SettingsError(
            f"MILEPOST_DATABASE_URL: {_first_line(error)}; say sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME"
        ) from error
    if engine.dialect.name == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            _make_private(Path(parsed.database))
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads: one moment's state, and no lock that a writer would wait for."""
    with engine.connect().execution_options(reading=True) as connection:
        yield connection


def migrate(engine: Engine, folder: Path, version_table: str) -> None:
    """Bring the database to the newest revision of `folder` (alembic's layout), in one transaction.

    Which revision the tables are at stands in `version_table`: a database may hold those of several slices.

    Processes that start together take turns; all but the first find nothing to do.

    Raises:
        DatabaseError: when the database cannot be reached or changed.
    """
    if _is_newest(engine, folder, version_table):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            config.attributes |= {"connection": connection, "version_table": version_table}
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise DatabaseError(f"{where}: {_first_line(error)}; see MILEPOST_DATABASE_URL") from error


def _is_newest(engine: Engine, folder: Path, version_table: str) -> bool:
    """Whether there is nothing to do, which is so at nearly every start; alembic takes as long to load as all else."""
    newest = max(path.stem for path in (folder / "versions").glob("[0-9]*.py"))
    try:
        with reading(engine) as connection:
            found = connection.exec_driver_sql(f"SELECT version_num FROM {version_table}").scalar()  # noqa: S608
            return bool(found == newest)
    except SQLAlchemyError:
        return False  # there is none yet, or what is wrong is said below


def _make_private(path: Path) -> None:
    """Create the file for its owner alone; SQLite gives its journals the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One that is there is not opened: closing it would end every lock that SQLite holds on it in this process
        # (POSIX), and whoever else is the last to close it then takes the journal away from under it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not os.access(path, os.W_OK):
            reason = os.strerror(errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES)
            raise DatabaseError(f"{path}: {reason}; see MILEPOST_VAR and MILEPOST_DATABASE_URL") from None
    except OSError as error:
        raise DatabaseError(f"{path}: {error.strerror}; see MILEPOST_VAR and MILEPOST_DATABASE_URL") from error


def _prepare(connection: Any, _: object) -> None:
    # None: the driver begins no transaction of its own; `_begin` does.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # What is erased is overwritten.
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip()
