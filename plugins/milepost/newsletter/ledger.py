"""The delivery ledger: one row an issue and subscriber, and what is known of that mail. Knows no SMTP.

`queued -> leased -> armed -> accepted | deferred | rejected | uncertain`, and `skipped`. Every function works on a
connection whose transaction is the caller's.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, func, insert, literal, select, update

from milepost.newsletter import store
from milepost.newsletter.model import DeliveryState, NewsletterError
from milepost.newsletter.tables import delivery, issue, subscriber

TERMINAL: tuple[DeliveryState, ...] = ("accepted", "rejected", "uncertain", "skipped")


@dataclass(frozen=True)
class Lease:
    """One mail to be sent: its row's id, its Message-ID, how often it was tried, and whom it goes to."""

    id: int
    message_id: str
    attempts: int
    subscriber: Row[Any]


def issue_row(connection: Connection, issue_id: str) -> Row[Any]:
    """The row of an issue.

    Raises:
        NewsletterError: when there is none; names those there are.
    """
    found = connection.execute(select(issue).where(issue.c.id == issue_id)).one_or_none()
    if found is None:
        ids = [row.id for row in connection.execute(select(issue.c.id).order_by(issue.c.created_at.desc()).limit(5))]
        there = f"there are: {', '.join(ids)}" if ids else "make one with `milepost newsletter issue`"
        raise NewsletterError(f"no issue {issue_id}; {there}")
    return found


def freeze(connection: Connection, issue_id: str, host: str, now: datetime) -> None:
    """Fix content and audience of a draft, once: a row for everybody who is active now. Later calls change nothing."""
    found = issue_row(connection, issue_id)
    to_send = update(issue).where(issue.c.id == issue_id, issue.c.state == "draft")
    digest = hashlib.sha256(f"{found.subject}\0{found.content}".encode()).hexdigest()
    if connection.execute(to_send.values(state="sending", frozen_at=now, content_hash=digest)).rowcount == 0:
        return
    number = cast(subscriber.c.id, Text)
    audience = select(
        literal(issue_id), subscriber.c.id, literal("queued"), literal(f"<{issue_id}.") + number + f"@{host}>",
        literal(""), literal(0), literal(now, delivery.c.changed_at.type),
    ).where(subscriber.c.state == "active")  # fmt: skip
    columns = ["issue_id", "subscriber_id", "state", "message_id", "reply", "attempts", "changed_at"]
    connection.execute(insert(delivery).from_select(columns, audience))


def take_over(connection: Connection, issue_id: str, now: datetime) -> None:
    """After a sender that died: what it had leased was never sent, what it had armed nobody knows."""
    theirs = update(delivery).where(delivery.c.issue_id == issue_id)
    connection.execute(theirs.where(delivery.c.state == "leased").values(state="queued", changed_at=now))
    died = {"state": "uncertain", "reply": "the sender died while handing it over", "changed_at": now}
    connection.execute(theirs.where(delivery.c.state == "armed").values(died))


def lease(connection: Connection, issue_id: str, secret: bytes, most: int, now: datetime) -> list[Lease]:
    """Take up to `most` mails that are due. Whoever has left since the issue was frozen is skipped here."""
    due = (delivery.c.due_at.is_(None)) | (delivery.c.due_at <= now)
    open_ = delivery.c.issue_id == issue_id, delivery.c.state.in_(("queued", "deferred")), due
    rows = connection.execute(select(delivery).where(*open_).order_by(delivery.c.id).limit(most)).all()
    leases = []
    for row in rows:
        person = store.subscriber(connection, row.subscriber_id)
        leaves = person is None or person.state != "active" or store.is_suppressed(connection, secret, person.address)
        settle(connection, row.id, "skipped" if leaves else "leased", row.reply, row.attempts, None, now)
        if person is not None and not leaves:
            leases.append(Lease(row.id, row.message_id, row.attempts, person))
    return leases


def settle(
    connection: Connection, delivery_id: int, state: DeliveryState, reply: str, attempts: int, due_at: datetime | None,
    now: datetime,
) -> None:  # fmt: skip
    """Write down what is known of one mail."""
    known = {"state": state, "reply": reply, "attempts": attempts, "due_at": due_at, "changed_at": now}
    connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(known))


def arm(connection: Connection, delivery_id: int, now: datetime) -> None:
    """Write down that the mail is about to be handed over: from here on it may have been sent."""
    connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(state="armed", changed_at=now))


def counts(connection: Connection, issue_id: str) -> Counter[str]:
    """How many mails of an issue are in each state."""
    number = func.count().label("number")
    by_state = select(delivery.c.state, number).where(delivery.c.issue_id == issue_id).group_by(delivery.c.state)
    return Counter({row.state: row.number for row in connection.execute(by_state)})


def finish(connection: Connection, issue_id: str) -> bool:
    """Call an issue done when every one of its rows is; returns whether it is."""
    done = counts(connection, issue_id).keys() <= set(TERMINAL)
    if done:
        connection.execute(update(issue).where(issue.c.id == issue_id).values(state="done"))
    return done


def uncertain(connection: Connection, issue_id: str) -> Sequence[Row[str, str, datetime]]:
    """(address, message_id, at) of every mail of which nobody knows."""
    theirs = delivery.c.issue_id == issue_id, delivery.c.state == "uncertain"
    named = select(subscriber.c.address, delivery.c.message_id, delivery.c.changed_at.label("at"))
    return connection.execute(
        named.join(subscriber, subscriber.c.id == delivery.c.subscriber_id).where(*theirs).order_by(delivery.c.id)
    ).all()


def all_issues(connection: Connection) -> Sequence[Row[Any]]:
    """Every issue, newest first."""
    return connection.execute(select(issue).order_by(issue.c.created_at.desc(), issue.c.id.desc())).all()
