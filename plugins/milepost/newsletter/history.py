"""What is known of one address: what its reader agreed to, and every mail that was ever sent there. Only reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from milepost.newsletter import store
from milepost.newsletter.tables import bounce, consent, delivery, issue, notice, subscriber, suppression


def history_of(connection: Connection, secret: bytes, address: str) -> list[dict[str, Any]]:
    """Everything about an address, oldest first.

    Returns:
        rows of `at` (ISO 8601, UTC), `kind` (consent, notice, mail, bounce, suppression, state) and `what`, in words; a
        mail also has its `issue`, `state`, `message_id` and what the mail server said as `reply`.
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
    theirs = select(delivery, issue.c.subject).join(issue, issue.c.id == delivery.c.issue_id)
    events = []
    for row in connection.execute(theirs.where(delivery.c.subscriber_id == subscriber_id)):
        said = f": {row.reply}" if row.reply else ""
        what = f"issue {row.issue_id}, “{row.subject}”, {row.message_id}: {row.state}{said}"
        facts = {"issue": row.issue_id, "state": row.state, "message_id": row.message_id, "reply": row.reply}
        events.append((row.changed_at, {"kind": "mail", "what": what, **facts}))
    return events


def _bounces(connection: Connection, subscriber_id: int) -> list[tuple[datetime, dict[str, Any]]]:
    theirs = select(bounce, delivery.c.issue_id).join(delivery, delivery.c.id == bounce.c.delivery_id)
    return [
        (row.at, {"kind": "bounce", "what": f"issue {row.issue_id} came back: {row.kind}, {row.said or row.status}"})
        for row in connection.execute(theirs.where(bounce.c.subscriber_id == subscriber_id))
    ]
