"""What is known of one address: what its reader agreed to, and every mail that was ever sent there. Only reads."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from milepost.newsletter import ledger, store
from milepost.newsletter.choices import topics_of
from milepost.newsletter.letter import letter_of
from milepost.newsletter.tables import bounce, consent, delivery, notice, subscriber, suppression


def history_of(connection: Connection, secret: bytes, address: str) -> list[dict[str, Any]]:
    """Everything about an address, oldest first.

    Returns:
        rows of `at` (ISO 8601, UTC), `kind` (consent, notice, mail, bounce, suppression, state) and `what`, in words; a
        mail also has its `issue`, `state`, `message_id`, what the mail server said as `reply`, the `posts` that it told
        of, as addresses, and when its reader had agreed to get it as `consent`.
    """
    events: list[tuple[datetime, dict[str, Any]]] = []
    kept = select(suppression).where(suppression.c.hash == store.address_hash(secret, address))
    for row in connection.execute(kept):
        events.append((row.at, {"kind": "suppression", "what": f"{row.reason}; never mailed since"}))
    same = or_(subscriber.c.address == address, func.lower(subscriber.c.address) == address.lower())
    for person in connection.execute(select(subscriber).where(same)):
        for found in (_consents, _notices, _mails, _bounces):
            events += found(connection, person.id)
        events.append((person.changed_at, {"kind": "state", "what": f"{person.state} since then"}))
    events.sort(key=lambda event: event[0])
    return [{"at": at.isoformat(), **event} for at, event in events]


def _consents(connection: Connection, subscriber_id: int) -> list[tuple[datetime, dict[str, Any]]]:
    events = []
    for row in connection.execute(select(consent).where(consent.c.subscriber_id == subscriber_id)):
        where = f" on {row.page}" if row.page else ""
        events.append((row.asked_at, {"kind": "consent", "what": f"asked{where}: “{row.wording}” ({row.version})"}))
        if row.confirmed_at:
            events.append((row.confirmed_at, {"kind": "consent", "what": "confirmed"}))
    return events


def _notices(connection: Connection, subscriber_id: int) -> list[tuple[datetime, dict[str, Any]]]:
    rows = connection.execute(select(notice).where(notice.c.subscriber_id == subscriber_id))
    return [(row.created_at, {"kind": "notice", "what": f"notice “{row.kind}”: {row.state}"}) for row in rows]


def _mails(connection: Connection, subscriber_id: int) -> list[tuple[datetime, dict[str, Any]]]:
    theirs = select(consent.c.confirmed_at).where(consent.c.subscriber_id == subscriber_id)
    agreed = [at for at in connection.execute(theirs).scalars() if at]
    rows = connection.execute(select(delivery).where(delivery.c.subscriber_id == subscriber_id)).all()
    return [(row.changed_at, _mail(row, ledger.issue_row(connection, row.issue_id), agreed)) for row in rows]


def _mail(row: Any, issue: Any, agreed: Collection[datetime]) -> dict[str, Any]:
    """A row of the ledger in words, and as facts."""
    letter = letter_of(issue).theirs(topics_of(row.topics), row.since)
    posts, on = [post.url for post in letter.posts], max((at for at in agreed if at <= issue.frozen_at), default=None)
    waits = row.state == "deferred" and not row.attempts
    said = f"waits until {row.due_at.isoformat(timespec='minutes')}" if waits else row.state
    told = [f"issue {issue.id}, “{letter.subject}”", f"with {' '.join(posts)}" if posts else ""]
    told += [f"on the consent of {on:%Y-%m-%d}" if on else "", row.message_id]
    what = f"{', '.join(filter(None, told))}: {said}{f': {row.reply}' if row.reply else ''}"
    facts = {"issue": issue.id, "state": row.state, "message_id": row.message_id, "reply": row.reply}
    return {"kind": "mail", "what": what, **facts, "posts": posts, "consent": on.isoformat() if on else None}


def _bounces(connection: Connection, subscriber_id: int) -> list[tuple[datetime, dict[str, Any]]]:
    theirs = select(bounce, delivery.c.issue_id).join(delivery, delivery.c.id == bounce.c.delivery_id)
    return [
        (row.at, {"kind": "bounce", "what": f"issue {row.issue_id} came back: {row.kind}, {row.said or row.status}"})
        for row in connection.execute(theirs.where(bounce.c.subscriber_id == subscriber_id))
    ]
