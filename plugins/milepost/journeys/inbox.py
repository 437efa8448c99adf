"""The inbox: one SQLite file per collecting process, where a request is on disk before it is answered.

One writer thread per inbox takes all requests that wait, in one transaction with one fsync. A row is a
request: its events, packed or as they were sent, beside whom they belong to. Knows neither HTTP nor Parquet.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from milepost.errors import MilepostError
from milepost.journeys import wire
from milepost.journeys.boxes import connect, free_inbox, inboxes, transaction
from milepost.journeys.model import Consented, Event, Known, Tier, Told, Visited

MAX_WAITING = 1_000
"""Requests that may wait for the disk before more are refused."""
TRANSITIONS = ("taken", "committed", "answering")
"""What requests have come to, in order; an inbox calls `at` with each."""
_INSERT = "INSERT INTO requests (received, tier, visit, person, bot, imported, size, events) VALUES "
_ASIDE = "INSERT INTO aside (received, tier, visit, person, bot, touchpoint, event) VALUES "
_ROWS_AT_ONCE = 1_000
_GROUP = 128
"""So many requests are handed to the writer at once, whatever else comes."""
_QUIET_TURNS = 2
"""Fewer wait until the loop has turned so often without bringing another one.

What is answered together asks again together: the larger the groups, the fewer the transactions, and while one is
written the loop seldom wants Python's lock, which passing to and fro took a third of a request's time.
"""
_ADOPT = """
UPDATE requests SET tier = 'consented', person = ?, visit = ?
WHERE tier = 'visited' AND visit = ? AND received >= ? AND number > (SELECT coalesce(max(last), 0) FROM batches)
"""
pack = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(list[Event]).decode
unpack_one = msgspec.msgpack.Decoder(Event).decode


def unpack(kept: bytes) -> list[Event]:
    """The events of one request, in either of the two forms that a row may have.

    Args:
        kept: a row's `events`. Packed ones begin with a byte from 0x80 on, and JSON never does.
    """
    return wire.events_as_sent(kept) if kept[0] < 0x80 else _unpacked(kept)


class Overloaded(MilepostError):
    """Too many requests wait for the disk; the reader may send again."""


class InboxUnavailable(MilepostError):
    """The disk did not take it: full, read-only, gone. Nothing of the request is kept."""


@dataclass(frozen=True)
class Adoption:
    """A yes: what `visit` sent since `since` (microseconds) is the person's, under the visit key `becomes`."""

    visit: bytes
    becomes: bytes
    person: str
    since: int


_Row = tuple[object, ...]
_Work = tuple[Sequence[_Row], Sequence[_Row], Adoption | None, "asyncio.Future[None]"]
"""Rows of `requests`, rows of `aside`, a yes, and who waits for them."""


class Inbox:
    """One process's own inbox in `folder`, for one event loop.

    `async with Inbox(folder) as inbox` takes a file that no other process holds and starts the writer;
    leaving writes what still waits.
    """

    def __init__(
        self,
        folder: Path,
        max_waiting: int = MAX_WAITING,
        at: Callable[[str], None] = lambda transition: None,
    ) -> None:
        self.folder = folder
        self._at = at
        self.max_waiting = max_waiting
        self.waiting = 0
        self.commits = 0
        self.fault: MilepostError | None = None
        self._pending: list[_Work] = []
        self._writing = self._called = False
        self._seen = self._quiet = 0
        self._work: queue.SimpleQueue[list[_Work]] = queue.SimpleQueue()

    async def __aenter__(self) -> Inbox:
        self._loop = asyncio.get_running_loop()
        try:
            self.path, self._lock = free_inbox(self.folder)
            self._connection = connect(self.path)
        except (OSError, sqlite3.Error) as error:
            raise InboxUnavailable(f"{self.folder}: {error}; is the disk full or read-only?") from error
        self._writer = threading.Thread(target=self._write, name=f"inbox {self.path.name}", daemon=True)
        self._writer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        while self.waiting:
            await asyncio.sleep(0.001)
        self._work.put([])
        await asyncio.to_thread(self._writer.join)
        self._connection.close()
        self._lock.close()

    async def append(
        self, tier: Tier, events: Sequence[Event], aside: Sequence[Event], received: int, bot: str | None = None
    ) -> None:
        """Keep one request; returns when it is on disk.

        Args:
            events: what goes into the archive. `aside`: what is at an unknown touchpoint.
            received: microseconds since 1970, UTC.
            bot: the name of the robot that sent them.
        Raises:
            Overloaded, InboxUnavailable: when nothing of it was kept.
        """
        who = *_columns(tier), bot
        await self._durable(
            [(received, *who, 0, len(events), pack(events))] if events else [],
            [(received, *who, event.touchpoint, pack(event)) for event in aside],
        )

    def append_as_sent(
        self, tier: Tier, body: bytes, size: int, received: int, bot: str | None = None
    ) -> Awaitable[None]:
        """Keep one request's body as it came; the archiver makes events of it. Await it; it raises as `append`.

        Args:
            body: found good, and `wire.may_be_kept_as_sent`. `size`: how many events there are in it.
        """
        return self._durable([(received, *_columns(tier), bot, 0, size, body)])

    async def append_imported(self, told: Sequence[Told], received: int) -> None:
        """Keep what happened elsewhere, all of it or nothing; returns when it is on disk. Raises as `append` does."""
        rows = [(received, one.tier, one.visit, one.person, one.bot, 1, 1, pack([one.event])) for one in told]
        await self._durable(rows)

    async def adopt(self, adoption: Adoption) -> None:
        """Give a visit's requests to a person, in every inbox of the folder, unless a batch has them already."""
        await self._durable([], [], adoption)

    def _durable(
        self, requests: Sequence[_Row], aside: Sequence[_Row] = (), adoption: Adoption | None = None
    ) -> asyncio.Future[None]:
        if self.waiting >= self.max_waiting:
            raise Overloaded("too many requests wait for the disk")
        done: asyncio.Future[None] = self._loop.create_future()
        self.waiting += 1
        self._pending.append((requests, aside, adoption, done))
        if not self._writing and not self._called:
            # After all that is ready now: it goes together, and the writer has Python's lock while the loop polls.
            self._called = True
            self._loop.call_soon(self._hand_over)
        return done

    def _hand_over(self) -> None:
        """Give the writer what waits, as soon as no more comes with it."""
        if not self._pending:
            self._called = False
            return
        waiting = len(self._pending)
        self._quiet = self._quiet + 1 if waiting == self._seen else 0
        self._seen = waiting
        if waiting < _GROUP and self._quiet < _QUIET_TURNS:
            self._loop.call_soon(self._hand_over)
            return
        self._called, self._writing = False, True
        self._seen = self._quiet = 0
        works, self._pending = self._pending, []
        self._work.put(works)

    def _write(self) -> None:
        while works := self._work.get():
            fault: MilepostError | None = None
            try:
                self._at("taken")
                _commit(self._connection, works)
                self._at("committed")
                _adopt_elsewhere(self.path, works)
            except Exception as error:  # whatever it was, those who wait must be told, and the next ones served
                fault = InboxUnavailable(f"{self.path}: {error}; is the disk full or read-only?")
            self._loop.call_soon_threadsafe(self._settle, [done for *_, done in works], fault)

    def _settle(self, futures: Sequence[asyncio.Future[None]], fault: MilepostError | None) -> None:
        self._at("answering")
        self._writing = False
        if self._pending:
            self._called = True
            self._loop.call_soon(self._hand_over)
        self.waiting -= len(futures)
        self.commits += fault is None
        self.fault = fault
        for done in futures:
            if done.done():  # its request was cancelled
                continue
            if fault:
                done.set_exception(fault)
            else:
                done.set_result(None)


def _columns(tier: Tier) -> tuple[str, bytes | None, str | None]:
    """tier, visit, person, as the tables have them."""
    visit = tier.visit if isinstance(tier, (Visited, Consented)) else None
    person = tier.person if isinstance(tier, (Consented, Known)) else None
    return tier.name, visit, person


def _commit(connection: sqlite3.Connection, works: Sequence[_Work]) -> None:
    requests = [row for work in works for row in work[0]]
    aside = [row for work in works for row in work[1]]
    adoptions = [work[2] for work in works if work[2]]
    if not aside and not adoptions and len(requests) <= _ROWS_AT_ONCE:
        # One statement is a transaction of its own. Each statement costs more than its work: this thread gives
        # Python's lock away for it, and a busy loop gives it back only after a while.
        _insert(connection, _INSERT, requests)
        return
    with transaction(connection):
        _insert(connection, _INSERT, requests)
        _insert(connection, _ASIDE, aside)
        for adoption in adoptions:
            _adopt(connection, adoption)


def _insert(connection: sqlite3.Connection, sql: str, rows: Sequence[_Row]) -> None:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        row = f"({', '.join('?' * len(some[0]))})"
        connection.execute(sql + ", ".join([row] * len(some)), [value for one in some for value in one])


def _adopt(connection: sqlite3.Connection, adoption: Adoption) -> None:
    connection.execute(_ADOPT, (adoption.person, adoption.becomes, adoption.visit, adoption.since))


def _adopt_elsewhere(own: Path, works: Sequence[_Work]) -> None:
    """The same in other processes' inboxes; after the own transaction, so that no two wait for each other."""
    adoptions = [work[2] for work in works if work[2]]
    for path in inboxes(own.parent) if adoptions else ():
        if path != own:
            with closing(connect(path)) as connection, transaction(connection):
                for adoption in adoptions:
                    _adopt(connection, adoption)
