"""What a publisher decides about an issue that is under way: hold it, let it go on, end it, repeat what is uncertain.

A sender looks at the issue's state in the transaction that arms a mail, so that what is decided here holds for every
mail from the next one on. Every function works on a connection whose transaction is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, Row, delete, select, update

from milepost.newsletter import ledger
from milepost.newsletter.mail import letterhead
from milepost.newsletter.model import GRACE, IssueState, NewsletterError
from milepost.newsletter.tables import delivery, issue, subscriber
from milepost.settings import Settings


def pause(connection: Connection, issue_id: str) -> None:
    """Hold an issue: no mail of it is handed over from now on.

    Raises:
        NewsletterError: when it is not being sent.
    """
    _move(connection, issue_id, ("frozen", "sending"), "paused", "only an issue that is being sent can be paused")


def resume(connection: Connection, issue_id: str) -> None:
    """Let an issue go on that was paused.

    Raises:
        NewsletterError: when it was not.
    """
    _move(connection, issue_id, ("paused",), "sending", "only a paused issue can be resumed")


def schedule(connection: Connection, issue_id: str, at: datetime, now: datetime) -> None:
    """Let an issue be sent at a time to come. Until then it can be cancelled, and given another time.

    Raises:
        NewsletterError: when the time is past, or the issue is being sent already.
    """
    if at <= now:
        raise NewsletterError(f"{at.isoformat(timespec='minutes')} is past; say a time to come")
    found = ledger.issue_row(connection, issue_id)
    waits = update(issue).where(issue.c.id == issue_id, issue.c.state.in_(("draft", "scheduled")))
    if connection.execute(waits.values(state="scheduled", send_at=at)).rowcount == 0:
        raise NewsletterError(f"issue {issue_id} is {found.state}; only what was not sent yet can be given a time")


def call_back_late(connection: Connection, now: datetime) -> list[Row[str, datetime]]:
    """Make drafts again of issues that were to be sent too long ago (GRACE): nobody expects them by now.

    Returns:
        (id, send_at) of each.
    """
    late = issue.c.state == "scheduled", issue.c.send_at < now - GRACE
    rows = connection.execute(select(issue.c.id, issue.c.send_at).where(*late).order_by(issue.c.send_at)).all()
    connection.execute(update(issue).where(*late).values(state="draft"))
    return list(rows)


def _move(
    connection: Connection, issue_id: str, old: tuple[IssueState, ...], new: IssueState, otherwise: str
) -> None:  # fmt: skip
    found = ledger.issue_row(connection, issue_id)
    moves = update(issue).where(issue.c.id == issue_id, issue.c.state.in_(old)).values(state=new)
    if connection.execute(moves).rowcount == 0:
        raise NewsletterError(f"issue {issue_id} is {found.state}; {otherwise}")


def cancel(connection: Connection, issue_id: str, now: datetime) -> int:
    """End an issue: whoever has not got it will not. One that was never frozen is removed, and its posts are new again.

    Returns:
        how many mails will not be sent.
    Raises:
        NewsletterError: when it is done already.
    """
    found = ledger.issue_row(connection, issue_id)
    if found.state == "done":
        raise NewsletterError(f"issue {issue_id} is done; there is nothing to cancel")
    if found.state in ("draft", "scheduled"):
        connection.execute(delete(issue).where(issue.c.id == issue_id))
        return 0
    # What is armed is on its way, and its own sender or the next settles it.
    open_ = delivery.c.issue_id == issue_id, delivery.c.state.in_(("queued", "leased", "deferred"))
    never = {"state": "skipped", "reply": "the issue was cancelled", "due_at": None, "changed_at": now}
    stopped = connection.execute(update(delivery).where(*open_).values(never)).rowcount
    connection.execute(update(issue).where(issue.c.id == issue_id).values(state="sending"))
    ledger.finish(connection, issue_id)
    return stopped


def requeue_uncertain(connection: Connection, issue_id: str, addresses: Collection[str], now: datetime) -> int:
    """Queue uncertain mails again, those of `addresses` or, when there are none, all; returns how many.

    A copy is the same bytes and has the same Message-ID, so that a mail program which has the first shows one.

    Raises:
        NewsletterError: when an address is not one of theirs.
    """
    theirs = delivery.c.issue_id == issue_id, delivery.c.state == "uncertain"
    rows = connection.execute(
        select(delivery.c.id, subscriber.c.address)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(*theirs)
    ).all()
    strangers = set(addresses) - {row.address for row in rows}
    if strangers:
        raise NewsletterError(
            f"{', '.join(sorted(strangers))}: not uncertain; see `milepost newsletter status {issue_id} --uncertain`"
        )
    ids = [row.id for row in rows if not addresses or row.address in addresses]
    if ids:
        again = {"state": "queued", "reply": "sent again on request", "due_at": None, "changed_at": now}
        connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(again))
        reopened = issue.c.id == issue_id, issue.c.state == "done"
        connection.execute(update(issue).where(*reopened).values(state="sending"))
    return len(ids)


def would_send(engine: Engine, settings: Settings, issue_id: str) -> tuple[str, int]:
    """The subject of an issue, and how many mails of it were still to be sent if it were sent now; changes nothing."""
    with engine.begin() as connection:
        ledger.freeze(connection, issue_id, letterhead(settings), datetime.now(UTC), settings.site.timezone)
        counts, subject = ledger.counts(connection, issue_id), ledger.issue_row(connection, issue_id).subject
        connection.rollback()
    return str(subject), sum(counts[state] for state in ("queued", "leased", "deferred", "waiting"))
