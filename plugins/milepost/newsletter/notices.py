"""Sends the mails that answer signups: what is due, again when a relay says later, and never in the request's time.

One process at a time runs this (see service). An address is never logged.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, select, update
from starlette.concurrency import run_in_threadpool

from milepost import db
from milepost.newsletter import store
from milepost.newsletter.mail import Letterhead, compose_notice, envelope_address, letterhead
from milepost.newsletter.model import NoticeKind
from milepost.newsletter.relay import Broken, Deferred, Rejected, Relay, always, relay_for, wire_bytes
from milepost.newsletter.signing import Signer, signer_for
from milepost.newsletter.tables import notice
from milepost.newsletter.tokens import Tokens
from milepost.settings import Settings

LOOK_SECONDS = 30.0
"""How often the table is looked at, beside being woken."""
MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(minutes=1)

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Due:
    """One notice, and the row of the subscriber whom it answers."""

    id: int
    kind: NoticeKind
    attempts: int
    subscriber: Row[Any]


async def run(
    engine: Engine, settings: Settings, wake: asyncio.Event, clock: Clock = lambda: datetime.now(UTC)
) -> None:
    """Send notices until cancelled. `wake` is set when there is a new one."""
    while True:
        wake.clear()
        await send_due(engine, settings, clock)
        with suppress(TimeoutError):
            await asyncio.wait_for(wake.wait(), LOOK_SECONDS)


async def send_due(engine: Engine, settings: Settings, clock: Clock = lambda: datetime.now(UTC)) -> int:
    """Send every notice that is due, oldest first; returns how many a relay took."""
    due = await run_in_threadpool(_due, engine, clock())
    if not due:
        return 0
    tokens, head, sent = Tokens(settings.env.secret(), clock), letterhead(settings), 0
    signer = signer_for(settings, head.host)
    async with relay_for(settings.env) as relay:
        for row in due:
            values = await _send(relay, row, head, tokens, signer, settings.env.secret(), clock())
            sent += values["state"] == "sent"
            await run_in_threadpool(_settle, engine, row.id, values)
    return sent


async def _send(
    relay: Relay, row: _Due, head: Letterhead, tokens: Tokens, signer: Signer | None, secret: bytes, now: datetime
) -> dict[str, Any]:
    """What becomes of the notice's row."""
    message_id = f"<notice-{row.id}.{hmac.digest(secret, str(row.id).encode(), 'sha256').hex()[:12]}@{head.host}>"
    message = compose_notice(row.kind, row.subscriber, head, tokens, message_id, now)
    recipient = envelope_address(row.subscriber.address)
    content = wire_bytes(message, recipient)
    attempts = row.attempts + 1
    try:
        await relay.send(signer.signed(content, now) if signer else content, head.sender, recipient, always)
    except Rejected:
        return {"state": "failed", "attempts": attempts}
    except (Deferred, Broken):
        # Broken too: a question asked twice, with one Message-ID, is better than one never asked.
        given_up = attempts >= MOST_ATTEMPTS
        pause = FIRST_PAUSE * 4 ** (attempts - 1)
        return {"state": "failed" if given_up else "queued", "attempts": attempts, "due_at": now + pause}
    return {"state": "sent", "attempts": attempts}


_ANSWERS = {"confirm": "pending", "already": "active"}
"""The state in which a notice still says the truth."""


def _due(engine: Engine, now: datetime) -> list[_Due]:
    """What is to be sent now. A notice that time has overtaken is settled here and never sent."""
    waiting = select(notice).where(notice.c.state == "queued", notice.c.due_at <= now).order_by(notice.c.id)
    with db.reading(engine) as connection:
        rows = connection.execute(waiting).all()
        people = {row.id: store.subscriber(connection, row.subscriber_id) for row in rows}
    due = []
    for row in rows:
        person = people[row.id]
        if person is None or person.state != _ANSWERS[row.kind]:
            _settle(engine, row.id, {"state": "failed"})
        else:
            due.append(_Due(row.id, row.kind, row.attempts, person))
    return due


def _settle(engine: Engine, notice_id: int, values: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(update(notice).where(notice.c.id == notice_id).values(values))
