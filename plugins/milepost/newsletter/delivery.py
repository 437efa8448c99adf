"""Sends an issue: each mail once, what is known of it on disk at every step, and one sender at a time.

Exactly once is impossible over SMTP (RFC 1047). What this does instead: a mail is `armed` on disk just before it is
handed over, so that after a crash at most one mail a connection is uncertain, and that one is named.
"""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text

from milepost.newsletter import ledger
from milepost.newsletter.issue import items_of
from milepost.newsletter.mail import compose_issue, envelope_address, letterhead
from milepost.newsletter.model import DeliveryState, NewsletterError
from milepost.newsletter.relay import Broken, Deferred, Rejected, relay_for
from milepost.newsletter.tokens import Tokens
from milepost.settings import Settings

BATCH = 50
MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(minutes=5)

_SENDING = 0x4D494C53
"""Of PostgreSQL's advisory locks, the one that a sender holds."""
_ANOTHER = "another process is sending; wait for it, or stop it"


class AlreadySending(NewsletterError):
    """Another process of this state sends."""


async def send(
    engine: Engine,
    settings: Settings,
    issue_id: str,
    progress: Callable[[int], None] = lambda number: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Counter[str]:
    """Freeze an issue, if it is not, and send all of it that is due; returns how many mails are in each state.

    Args:
        progress: called with 1 for every mail that is settled.
    Raises:
        AlreadySending, NewsletterError: when nothing was sent.
    """
    head, secret = letterhead(settings), settings.env.secret()
    # The relay first: an address that is none freezes nothing.
    with _alone(engine, settings.env.var / "newsletter.lock"):
        async with relay_for(settings.env) as relay:
            with engine.begin() as connection:
                ledger.freeze(connection, issue_id, head.host, clock())
                ledger.take_over(connection, issue_id, clock())
                found = ledger.issue_row(connection, issue_id)
            items, tokens = items_of(found.content), Tokens(secret, clock)
            while leases := _lease(engine, issue_id, secret, clock()):
                for lease in leases:
                    message = compose_issue(
                        found.subject, items, lease.subscriber, head, tokens, lease.message_id, found.frozen_at
                    )
                    hand_over = partial(relay.send, message, head.sender, envelope_address(lease.subscriber.address))
                    await _deliver(engine, lease, hand_over, clock)
                    progress(1)
        with engine.begin() as connection:
            ledger.finish(connection, issue_id)
            return ledger.counts(connection, issue_id)


def _lease(engine: Engine, issue_id: str, secret: bytes, now: datetime) -> list[ledger.Lease]:
    """The next mails; empty when nothing is due. A batch in which everybody was skipped does not end it."""
    while True:
        with engine.begin() as connection:
            before = ledger.counts(connection, issue_id)["skipped"]
            leases = ledger.lease(connection, issue_id, secret, BATCH, now)
            if leases or ledger.counts(connection, issue_id)["skipped"] == before:
                return leases


async def _deliver(
    engine: Engine,
    lease: ledger.Lease,
    hand_over: Callable[[Callable[[], None]], Awaitable[str]],
    clock: Callable[[], datetime],
) -> None:
    def arm() -> None:
        with engine.begin() as connection:
            ledger.arm(connection, lease.id, clock())

    attempts, due_at = lease.attempts + 1, None
    state: DeliveryState = "accepted"
    try:
        reply = await hand_over(arm)
    except Rejected as error:
        state, reply = "rejected", str(error)
    except Broken as error:
        state, reply = "uncertain", str(error)
    except Deferred as error:
        given_up = attempts >= MOST_ATTEMPTS
        state, reply = ("rejected" if given_up else "deferred"), str(error)
        due_at = None if given_up else clock() + FIRST_PAUSE * 2 ** (attempts - 1)
    with engine.begin() as connection:
        ledger.settle(connection, lease.id, state, reply, attempts, due_at, clock())


@contextmanager
def _alone(engine: Engine, path: Path) -> Iterator[None]:
    """One sender at a time, by a lock that dies with its process.

    A file will do where the database is one; a server's clients may be on machines that share no folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lock, engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadySending(_ANOTHER) from None
        if engine.dialect.name != "postgresql":
            yield
        elif not connection.execute(text(f"SELECT pg_try_advisory_lock({_SENDING})")).scalar_one():
            raise AlreadySending(_ANOTHER)
        else:
            try:
                yield
            finally:
                connection.execute(text(f"SELECT pg_advisory_unlock({_SENDING})"))
