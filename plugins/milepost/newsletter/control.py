"""What a publisher decides about an issue that is under way: hold it, let it go on, end it, repeat what is uncertain.

A sender looks at the issue's state in the transaction that arms a mail, so that what is decided here holds for every
mail from the next one on. Every function works on a connection whose transaction is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from milepost.newsletter import ledger
from milepost.newsletter.model import IssueState, NewsletterError
from milepost.newsletter.tables import delivery, issue, subscriber


def pause(connection: Connection, issue_id: str) -> None:
    """Hold an issue: no mail of it is handed over from now on.

    Raises:
        NewsletterError: when it is not being sent.
    """
    _move(connection, issue_id, "sending", "paused", "only an issue that is being sent can be paused")


def resume(connection: Connection, issue_id: str) -> None:
    """Let an issue go on that was paused.

    Raises:
        NewsletterError: when it was not.
    """
    _move(connection, issue_id, "paused", "sending", "only a paused issue can be resumed")


def _move(connection: Connection, issue_id: str, old: IssueState, new: IssueState, otherwise: str) -> None:
    found = ledger.issue_row(connection, issue_id)
    moves = update(issue).where(issue.c.id == issue_id, issue.c.state == old).values(state=new)
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
