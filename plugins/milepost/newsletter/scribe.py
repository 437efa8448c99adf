"""Writes a sender's ledger: one thread and one connection, which commit what several mails ask for together.

The connection also holds the lock that makes its sender the only one, so that a sender that has lost the lock cannot
write either. Knows what a ledger is, and no SMTP.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from milepost.newsletter import ledger
from milepost.newsletter.ledger import Lease, Outcome, Permit
from milepost.newsletter.model import NewsletterError

Result = TypeVar("Result")
log = logging.getLogger(__name__)

PATIENCE_SECONDS = 60.0
"""How long a database that has gone away is waited for; a server that restarts is back sooner."""
SWITCH_SECONDS = 0.0001
"""How long the connections may keep the interpreter to themselves; by default each statement would wait for 5 ms."""
LOCK_SECONDS = 3.0
"""How long a sender waits for the lock of one that a server has still to find dead."""
COMPANY_SECONDS = 0.001
"""How long a commit waits for what other connections are about to ask: fewer commits cost less than the wait."""
GATHER_SECONDS = 0.05
"""How long what became of a mail may wait for company; nothing its connection asks for overtakes it."""
_SENDING = 0x4D494C53
"""Of PostgreSQL's advisory locks, the one that a sender holds."""


class AlreadySending(NewsletterError):
    """Another process of this state sends."""

    def __init__(self) -> None:
        super().__init__("another process is sending; wait for it, or stop it")


class Scribe:
    """What one sender writes. `with` it for as long as it sends.

    Args:
        lock: a file; it will do where the database is one. A server's clients may be on machines that share no folder.
        clock: gives the time, UTC.
    """

    def __init__(self, engine: Engine, lock: Path, clock: Callable[[], datetime]) -> None:
        self._engine, self._path, self._clock = engine, lock, clock
        self._thread = ThreadPoolExecutor(1, "scribe")
        self._connection: Connection | None = None
        self._settled: list[Outcome] = []
        self._asked: list[tuple[Lease | Callable[[Connection], Any], asyncio.Future[Any]]] = []
        self._pump: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._broken: Exception | None = None

    def __enter__(self) -> Scribe:
        """Raises: AlreadySending."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
        except OSError as error:
            raise NewsletterError(f"{self._path}: {error.strerror}; see MILEPOST_VAR") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._connect()
        except BlockingIOError:
            self._close()
            raise AlreadySending from None
        except BaseException:
            self._close()
            raise
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(min(self._interval, SWITCH_SECONDS))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        sys.setswitchinterval(self._interval)
        self._close()

    async def write(self, change: Callable[[Connection], Result]) -> Result:
        """What `change` returns, after its commit. It may be called again when the connection is lost in the middle."""
        found: Result = await self._ask(change)
        return found

    def arm(self, lease: Lease) -> asyncio.Future[Permit]:
        """Whether a mail may be handed over now; `armed` is on disk when this is known."""
        return self._ask(lease)

    def settle(self, outcome: Outcome) -> None:
        """Write down what became of a mail: together with what is asked for next, and soon if nothing is."""
        self._settled.append(outcome)
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._wake)

    async def flush(self) -> None:
        """Wait until everything is on disk.

        Raises:
            SQLAlchemyError: when it cannot be.
        """
        if self._settled and not self._broken:
            self._wake()
        while self._pump and not self._pump.done():
            await asyncio.shield(self._pump)
        if self._broken:
            raise self._broken

    def _ask(self, what: Lease | Callable[[Connection], Any]) -> asyncio.Future[Any]:
        if self._broken:
            raise self._broken
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((what, answer))
        self._wake()
        return answer

    def _wake(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        """Commit whatever has gathered, until nothing has: while one group is written, the next one gathers."""
        loop = asyncio.get_running_loop()
        while (self._settled or self._asked) and not self._broken:
            await asyncio.sleep(COMPANY_SECONDS)
            settled, asked = self._settled, self._asked
            self._settled, self._asked = [], []
            try:
                answers = await loop.run_in_executor(self._thread, self._commit, settled, [what for what, _ in asked])
            except Exception as error:
                if isinstance(error, NewsletterError) and not isinstance(error, AlreadySending):
                    # A question that was wrong, before anything was sent.
                    self._settled = settled + self._settled
                else:
                    self._broken = error
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), found in zip(asked, answers, strict=True):
                if not answer.done():
                    answer.set_result(found)
        for _, answer in self._asked if self._broken else ():
            if not answer.done() and self._broken:
                answer.set_exception(self._broken)

    def _commit(self, settled: list[Outcome], asked: list[Any]) -> list[Any]:
        """One transaction; again on a new connection when the server went away."""
        give_up, told = time.monotonic() + PATIENCE_SECONDS, False
        while True:
            try:
                return self._transaction(settled, asked)
            except DBAPIError as error:
                self._drop()
                if not (error.connection_invalidated or told) or time.monotonic() > give_up:
                    raise
                if not told:
                    log.warning("the database has gone away; waiting for it, %g s at most", PATIENCE_SECONDS)
                told = True
                time.sleep(0.2)

    def _transaction(self, settled: list[Outcome], asked: list[Any]) -> list[Any]:
        now = self._clock()
        connection = self._connection or self._connect()
        with connection.begin():
            if settled:
                ledger.settle(connection, settled, now)
            others = {number: what(connection) for number, what in enumerate(asked) if not isinstance(what, Lease)}
            leases = [what for what in asked if isinstance(what, Lease)]
            permits = ledger.arm(connection, leases, now) if leases else {}
        return [permits[what.id] if isinstance(what, Lease) else others[n] for n, what in enumerate(asked)]

    def _connect(self) -> Connection:
        connection = self._engine.connect()
        if self._engine.dialect.name == "postgresql":
            # A server notices only after a moment that its client has died.
            give_up = time.monotonic() + LOCK_SECONDS
            while not self._lock(connection):
                if time.monotonic() > give_up:
                    connection.close()
                    raise AlreadySending
                time.sleep(0.02)
        self._connection = connection
        return connection

    def _lock(self, connection: Connection) -> bool:
        with connection.begin():
            return bool(connection.execute(text(f"SELECT pg_try_advisory_lock({_SENDING})")).scalar_one())

    def _drop(self) -> None:
        """Let go of a connection, and never hand it to somebody else: it may still hold the lock."""
        if self._connection is not None:
            with suppress(DBAPIError):
                self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _close(self) -> None:
        self._thread.shutdown()
        self._drop()
        self._file.close()
