"""Sends an issue: each mail once, what is known of it on disk at every step, and one sender at a time.

Exactly once is impossible over SMTP (RFC 1047). What this does instead: a mail is `armed` on disk before it is handed
over, so that after a crash at most one mail a connection is uncertain, and that one is named.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from milepost import db
from milepost.newsletter import archive, ledger
from milepost.newsletter.copies import Copies
from milepost.newsletter.ledger import Lease, Outcome, Permit
from milepost.newsletter.letter import letter_of
from milepost.newsletter.mail import Letterhead, envelope_address, letterhead
from milepost.newsletter.model import DeliveryState, NewsletterError, Withheld
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.pace import Pace
from milepost.newsletter.relay import Broken, Deferred, Rejected, Relay, Unavailable, relay_for
from milepost.newsletter.scribe import AlreadySending, Scribe
from milepost.newsletter.signing import signer_for
from milepost.newsletter.tokens import Tokens
from milepost.settings import Settings

log = logging.getLogger(__name__)

__all__ = ["AlreadySending", "send", "under_way"]

BATCH = 200
MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = FIRST_PAUSE * 2 ** (MOST_ATTEMPTS - 2)
LOOK_SECONDS = 1.0
"""How often a sender that waits for the time of a mail looks whether the issue was paused."""

Clock = Callable[[], datetime]


class _Tally:
    """How far an issue has come: rows are counted once, and what is settled is added."""

    def __init__(self, known: Counter[str], show: Callable[[int, int], None]) -> None:
        self._settled, self._total = sum(known[state] for state in ledger.TERMINAL), sum(known.values())
        self._show = show
        self.add(0)

    def add(self, number: int) -> None:
        self._settled += number
        self._show(self._settled, self._total)


@dataclass(frozen=True)
class _Sending:
    """What the connections of one sender share."""

    scribe: Scribe
    copies: Copies
    pace: Pace
    tally: _Tally
    clock: Clock


async def send(
    engine: Engine,
    settings: Settings,
    issue_id: str,
    progress: Callable[[int, int], None] = lambda settled, total: None,
    clock: Clock = lambda: datetime.now(UTC),
    wait: bool = False,
) -> Counter[str]:
    """Freeze an issue, if it is not, and send all of it that is due; returns how many mails are in each state.

    Args:
        progress: called with how many mails are settled, and how many there are.
        wait: stay until what was deferred is settled too.
    Raises:
        AlreadySending, NewsletterError, SettingsError: when nothing was sent.
        SQLAlchemyError: when the database fails; what is known is on disk, and the next call goes on.
    """
    head, secret, ours = letterhead(settings), settings.env.secret(), settings.of(NewsletterSettings)
    signer = signer_for(settings, head.host)
    if settings.env.smtp_url and not head.postal_address:
        log.warning("NEWSLETTER_POSTAL_ADDRESS is empty; law asks for it in many places: say where you are written to")
    number = ours.connections if settings.env.smtp_url else 1
    with Scribe(engine, settings.env.var / "newsletter.lock", clock) as scribe:
        async with AsyncExitStack() as open_:
            # A folder is one, however many write to it. The relays first: an address that is none freezes nothing.
            relays = [await open_.enter_async_context(relay_for(settings.env)) for _ in range(number)]
            found = await scribe.write(partial(_begin, issue_id, head, settings.site.timezone, clock()))
            bounces = envelope_address(ours.bounces) if ours.bounces else ""
            copies = Copies(found, bounces, Tokens(secret, clock), secret, signer)
            pace = Pace(ours.rate, ours.domain_rates)
            tally = _Tally(await scribe.write(partial(ledger.counts, issue_id=issue_id)), progress)
            at_work = _Sending(scribe, copies, pace, tally, clock)
            queue: asyncio.Queue[Lease | None] = asyncio.Queue(BATCH)
            try:
                async with asyncio.TaskGroup() as group:
                    workers = [group.create_task(_work(at_work, relay, queue)) for relay in relays]
                    await _feed(at_work, issue_id, secret, queue, wait)
                    for _ in workers:
                        await queue.put(None)
            except BaseExceptionGroup as errors:
                # One fault, usually of the database, which every connection met.
                raise _first(errors) from errors
            finally:
                await asyncio.shield(scribe.flush())
        known = await scribe.write(partial(_end, issue_id))
    if known["accepted"] or known["uncertain"]:
        _archive(settings, found)
    return known


def under_way(engine: Engine, now: datetime) -> list[str]:
    """The issues of which a mail is due, oldest first; and those that were to be sent by now."""
    with db.reading(engine) as connection:
        return [
            one.id
            for one in reversed(ledger.all_issues(connection))
            if (one.state in ("frozen", "sending") and ledger.is_due(connection, one.id, now))
            or (one.state == "scheduled" and one.send_at and one.send_at <= now)
        ]


def _begin(issue_id: str, head: Letterhead, zone: str, now: datetime, connection: Connection) -> Any:
    ledger.freeze(connection, issue_id, head, now, zone)
    ledger.begin(connection, issue_id)
    found = ledger.issue_row(connection, issue_id)
    if found.state == "paused":
        raise NewsletterError(f"issue {issue_id} is paused; `milepost newsletter resume {issue_id}` lets it go on")
    ledger.take_over(connection, issue_id, now)
    return found


def _end(issue_id: str, connection: Connection) -> Counter[str]:
    ledger.finish(connection, issue_id)
    return ledger.counts(connection, issue_id)


def _archive(settings: Settings, issue: Any) -> None:
    """Keep what was sent for the site's pages; a fault of that is none of the mails'."""
    path = archive.public(settings) if settings.env.smtp_url else archive.of_outbox(settings)
    try:
        archive.remember(path, letter_of(issue), issue.frozen_at)
    except NewsletterError as error:
        again = f"`milepost newsletter send {issue.id}` tries again, and sends nothing twice"
        log.warning("the site's archive lacks this issue: %s; %s", error, again)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


async def _feed(
    sending: _Sending, issue_id: str, secret: bytes, queue: asyncio.Queue[Lease | None], wait: bool
) -> None:
    """Queue whatever is due, and wait for what soon will be."""
    states: tuple[DeliveryState, ...] = ("queued", "deferred") if wait else ("queued",)

    def lease(connection: Connection) -> tuple[list[Lease], int]:
        return ledger.lease(connection, issue_id, secret, BATCH, sending.clock(), sending.pace.slot_of)

    while True:
        leases, settled = await sending.scribe.write(lease)
        sending.tally.add(settled)
        for one in leases:
            await queue.put(one)
        if leases:
            continue
        # What is being handed over now may be deferred in a moment.
        await queue.join()
        await sending.scribe.flush()
        due = await sending.scribe.write(partial(ledger.next_slot, issue_id=issue_id, states=states))
        if due is None:
            return
        await asyncio.sleep(min(LOOK_SECONDS, max(0.0, (due - sending.clock()).total_seconds())))


async def _work(sending: _Sending, relay: Relay, queue: asyncio.Queue[Lease | None]) -> None:
    """Deliver what is queued over one connection, until there is nothing more."""
    ready = False
    while (lease := await queue.get()) is not None:
        await sending.pace.turn()
        handing = asyncio.create_task(_hand_over(sending, relay, lease, ready))
        try:
            outcome = await asyncio.shield(handing)
        except asyncio.CancelledError:
            # Whoever ends the sender gently waits for the mail that is on its way, and nothing is uncertain.
            await handing
            raise
        ready = outcome is not None and outcome.state == "accepted"
        if outcome is None or outcome.state != "deferred":
            sending.tally.add(1)
        queue.task_done()


async def _hand_over(sending: _Sending, relay: Relay, lease: Lease, ready: bool) -> Outcome | None:
    """What became of one mail; None when it was not to be sent any more, which is written down already.

    Args:
        ready: the connection has just delivered another. Then this one is armed, together with what became of that
            one, while the relay is asked whether it takes it: no connection waits for a disk. One that may be down arms
            when the relay has said yes, so that a crash leaves nothing uncertain that was never near it.
    """
    arming = sending.scribe.arm(lease) if ready else None
    outcome = await _deliver(sending, relay, lease, arming)
    if arming and await arming != "armed":
        # What the relay said of it is of no account.
        return None
    if outcome:
        sending.scribe.settle(outcome)
    return outcome


async def _deliver(
    sending: _Sending, relay: Relay, lease: Lease, arming: asyncio.Future[Permit] | None
) -> Outcome | None:
    copy = sending.copies.of(lease.id, lease.message_id, lease.subscriber, lease.wanted)

    async def arm() -> bool:
        return await (arming or sending.scribe.arm(lease)) == "armed"

    attempts, due_at = lease.attempts + 1, None
    state: DeliveryState = "accepted"
    try:
        reply = await relay.send(copy.content, copy.sender, copy.recipient, arm, copy.envelope_id)
    except Withheld:
        return None
    except Rejected as error:
        state, reply = "rejected", str(error)
    except Broken as error:
        state, reply = "uncertain", str(error)
    except Deferred as error:
        # A relay that is away says nothing about the reader, who is not given up for that.
        given_up = attempts >= MOST_ATTEMPTS and not isinstance(error, Unavailable)
        state, reply = ("rejected" if given_up else "deferred"), str(error)
        pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
        due_at = None if given_up else sending.clock() + pause
    return Outcome(lease.id, state, reply, attempts, due_at)
