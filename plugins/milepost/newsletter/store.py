"""Subscribers, their consent and the notices they are owed: rows in and out. Knows no HTTP and no mail.

Every function works on a connection whose transaction is the caller's.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from milepost import db
from milepost.newsletter.model import PENDING_LIFE, WORDING, WORDING_VERSION, Confirmed, NoticeKind
from milepost.newsletter.tables import consent, delivery, notice, post, suppression
from milepost.newsletter.tables import subscriber as subscribers
from milepost.settings import Environment

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = "newsletter_version"
"""The table that says which of them was run last."""


def open_store(env: Environment) -> Engine:
    """The newsletter's database, with its tables as this version needs them.

    Raises:
        SettingsError, DatabaseError: when the URL is none, or the database cannot be reached or changed.
    """
    engine = db.engine_for(env.database_url)
    db.migrate(engine, MIGRATIONS, VERSIONS)
    return engine


def sign_up(
    connection: Connection, address: str, touchpoint: str, person: str | None, page: str, language: str, now: datetime
) -> None:
    """Take a signup in, whatever the address's state, and queue the one mail that answers it.

    An active address stays as it is and gets a notice that says so; every other becomes pending, and keeps what this
    signup said rather than what an earlier one did.

    Args:
        address: normalized.
        page: path of the page that the form was on, as it was asked for.
    """
    said = {"language": language, "touchpoint": touchpoint, "person": person, "asked_at": now, "changed_at": now}
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    # Two signups of one new address at the same moment: the second finds the first one's row, and waits for it.
    connection.execute(
        dialect.insert(subscribers).values(address=address, state="pending", **said).on_conflict_do_nothing()
    )
    found = connection.execute(select(subscribers).where(subscribers.c.address == address).with_for_update()).one()
    if found.state == "active":
        _owe(connection, found.id, "already", now)
        return
    connection.execute(update(subscribers).where(subscribers.c.id == found.id).values(state="pending", **said))
    connection.execute(delete(consent).where(consent.c.subscriber_id == found.id, consent.c.confirmed_at.is_(None)))
    asked = {"wording": WORDING, "version": WORDING_VERSION, "language": language, "page": page, "asked_at": now}
    connection.execute(insert(consent).values(subscriber_id=found.id, **asked))
    _owe(connection, found.id, "confirm", now)


def _owe(connection: Connection, subscriber_id: int, kind: NoticeKind, now: datetime) -> None:
    """Queue a notice, unless the same one waits already: impatience is answered once."""
    waits = select(notice.c.id).where(
        notice.c.subscriber_id == subscriber_id, notice.c.kind == kind, notice.c.state == "queued"
    )
    if connection.execute(waits).first() is None:
        times = {"due_at": now, "created_at": now}
        connection.execute(
            insert(notice).values(subscriber_id=subscriber_id, kind=kind, state="queued", attempts=0, **times)
        )


def confirm(connection: Connection, subscriber_id: int, now: datetime) -> Confirmed | None:
    """Make a pending subscriber active; None when there is nothing to confirm, or no longer. What is old by now is not
    news to them."""
    pending = subscribers.c.id == subscriber_id, subscribers.c.state == "pending"
    in_time = subscribers.c.asked_at > now - PENDING_LIFE
    # One statement, so that of two that come together only one is the first.
    done = connection.execute(
        update(subscribers)
        .where(*pending, in_time)
        .values(state="active", changed_at=now, seen=seen_by_now())
        .returning(subscribers.c.touchpoint, subscribers.c.person)
    ).one_or_none()
    if done is None:
        return None
    open_one = consent.c.subscriber_id == subscriber_id, consent.c.confirmed_at.is_(None)
    connection.execute(update(consent).where(*open_one).values(confirmed_at=now))
    return Confirmed(done.touchpoint, done.person)


def seen_by_now() -> Any:
    """What a new reader has seen, as SQL: whatever others were told already."""
    return select(func.coalesce(func.max(post.c.number), 0)).where(post.c.told).scalar_subquery()


def unsubscribe(connection: Connection, subscriber_id: int, now: datetime) -> None:
    """End a subscription, or a signup that waits. Who has bounced or complained stays so, since it says more."""
    mailed = subscribers.c.state.in_(("pending", "active"))
    connection.execute(
        update(subscribers)
        .where(subscribers.c.id == subscriber_id, mailed)
        .values(state="unsubscribed", changed_at=now)
    )


def subscriber(connection: Connection, subscriber_id: int) -> Row[Any] | None:
    """The row of one subscriber, with the table's columns, or None."""
    return connection.execute(select(subscribers).where(subscribers.c.id == subscriber_id)).one_or_none()


def all_subscribers(connection: Connection) -> Sequence[Row[Any]]:
    """Every subscriber in any state, by address."""
    return connection.execute(select(subscribers).order_by(subscribers.c.address)).all()


def last_consent(connection: Connection, subscriber_id: int) -> Row[Any] | None:
    """The newest consent of one subscriber, confirmed or not, or None."""
    theirs = select(consent).where(consent.c.subscriber_id == subscriber_id)
    return connection.execute(theirs.order_by(consent.c.id.desc()).limit(1)).one_or_none()


def expire_pending(connection: Connection, now: datetime) -> int:
    """Forget signups that nobody confirmed in time; returns how many.

    Who had subscribed once is `unsubscribed` again; of everybody else no row is left.
    """
    late = subscribers.c.state == "pending", subscribers.c.asked_at <= now - PENDING_LIFE
    ids = [row.id for row in connection.execute(select(subscribers.c.id).where(*late).with_for_update())]
    for subscriber_id in ids:
        _forget_signup(connection, subscriber_id, now)
    return len(ids)


def _forget_signup(connection: Connection, subscriber_id: int, now: datetime) -> None:
    connection.execute(delete(notice).where(notice.c.subscriber_id == subscriber_id))
    connection.execute(
        delete(consent).where(consent.c.subscriber_id == subscriber_id, consent.c.confirmed_at.is_(None))
    )
    theirs = (table.c.subscriber_id == subscriber_id for table in (consent, delivery))
    if any(connection.execute(select(exists().where(one))).scalar_one() for one in theirs):
        back = {"state": "unsubscribed", "person": None, "changed_at": now}
        connection.execute(update(subscribers).where(subscribers.c.id == subscriber_id).values(back))
    else:
        connection.execute(delete(subscribers).where(subscribers.c.id == subscriber_id))


def address_hash(secret: bytes, address: str) -> str:
    """What is kept of an erased address: it tells whether an address is that one, and not which it was."""
    return hmac.digest(secret, b"suppression\0" + address.casefold().encode(), "sha256").hex()


def is_suppressed(connection: Connection, secret: bytes, address: str) -> bool:
    """Whether an address must not be mailed, whatever a subscriber's row says."""
    kept = select(suppression.c.hash).where(suppression.c.hash == address_hash(secret, address))
    return connection.execute(kept).first() is not None


def lift_suppression(connection: Connection, secret: bytes, address: str) -> None:
    """Let an address be mailed again; only its owner's fresh confirmation may ask for it."""
    connection.execute(delete(suppression).where(suppression.c.hash == address_hash(secret, address)))
