"""The delivery ledger: one row an issue and subscriber, and what is known of that mail. Knows no SMTP.

`queued -> leased -> armed -> accepted | deferred | rejected | uncertain`, and `skipped`. Every function works on a
connection whose transaction is the caller's.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, exists, func, or_, select, update

from milepost.newsletter import audience, store
from milepost.newsletter.audience import Mornings, Wanted
from milepost.newsletter.letter import letter_of
from milepost.newsletter.mail import Letterhead
from milepost.newsletter.model import DeliveryState, NewsletterError
from milepost.newsletter.tables import delivery, issue, subscriber, suppression

TERMINAL: tuple[DeliveryState, ...] = ("accepted", "rejected", "uncertain", "skipped")

_OURS = or_(delivery.c.state == "leased", delivery.c.state == "armed")
"""What a sender has in hand."""

SlotOf = Callable[[str, datetime], datetime | None]
"""When a mail to an address may go, where that is not at once: the limit of a domain."""


@dataclass(frozen=True)
class Lease:
    """One mail to be sent: its row's id, its Message-ID, how often it was tried, and whom it goes to."""

    id: int
    message_id: str
    attempts: int
    subscriber: Row[Any]
    suppressed_as: str
    """The hash under which the address would be suppressed."""
    wanted: Wanted


@dataclass(frozen=True)
class Outcome:
    """What became of a mail."""

    id: int
    state: DeliveryState
    reply: str
    attempts: int
    due_at: datetime | None = None


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


def freeze(
    connection: Connection,
    issue_id: str,
    head: Letterhead,
    now: datetime,
    zone: str = "UTC",
    mornings: Mornings | None = None,
) -> None:
    """Fix content, letterhead and audience of a draft, once: a row for everybody whom it is for now. Later calls change
    nothing.

    Args:
        zone: the site's.
        mornings: of a digest; by default, readers who have mail in the morning alone wait for their next one.
    """
    found = issue_row(connection, issue_id)
    to_send = update(issue).where(issue.c.id == issue_id, issue.c.state.in_(("draft", "scheduled")))
    digest = hashlib.sha256(f"{found.subject}\0{found.content}".encode()).hexdigest()
    frozen = {"frozen_at": now, "content_hash": digest, "letterhead": json.dumps(asdict(head), ensure_ascii=False)}
    if connection.execute(to_send.values(state="frozen", **frozen)).rowcount == 0:
        return
    if mornings is None:
        mornings = {} if found.rhythm == "each" else audience.mornings_of(connection, zone, now)
    audience.enter(connection, found, letter_of(found), head.host, mornings, now)


def begin(connection: Connection, issue_id: str) -> None:
    """Call a frozen issue one that is being sent."""
    connection.execute(update(issue).where(issue.c.id == issue_id, issue.c.state == "frozen").values(state="sending"))


def take_over(connection: Connection, issue_id: str, now: datetime) -> None:
    """After a sender that died: what it had leased was never sent, what it had armed nobody knows."""
    theirs = update(delivery).where(delivery.c.issue_id == issue_id)
    connection.execute(theirs.where(delivery.c.state == "leased").values(state="queued", due_at=None, changed_at=now))
    # Their times were those of a sender that kept to a rate; this one keeps to its own.
    connection.execute(theirs.where(delivery.c.state == "queued", delivery.c.due_at.is_not(None)).values(due_at=None))
    died = {"state": "uncertain", "reply": "the sender died while handing it over", "changed_at": now}
    connection.execute(theirs.where(delivery.c.state == "armed").values(died))


def lease(
    connection: Connection, issue_id: str, secret: bytes, most: int, now: datetime,
    slot_of: SlotOf = lambda address, now: None,
) -> tuple[list[Lease], int]:  # fmt: skip
    """Take up to `most` mails that are due; returns them, and how many were settled instead of being taken.

    Whoever has left since the issue was frozen is skipped here. A mail to a domain that has had its share waits in the
    queue for its slot, and holds nobody back. An issue that is paused leases nothing.
    """
    taken: list[Lease] = []
    settled, looked = 0, True
    while looked and len(taken) < most and not _is_held(connection, issue_id):
        rows = _due_rows(connection, issue_id, most - len(taken), now)
        looked = bool(rows)
        gone = _suppressed(connection, [store.address_hash(secret, row.address) for row in rows])
        skipped, later, leased = [], [], []
        for row in rows:
            hashed = store.address_hash(secret, row.address)
            has_slot = row.delivery_state == "queued" and row.due_at is not None
            slot = None if has_slot else slot_of(row.address, now)
            if row.state != "active" or hashed in gone:
                skipped.append(row.delivery_id)
            elif slot is not None and slot > now:
                later.append({"of": row.delivery_id, "slot": slot})
            else:
                chosen = Wanted(row.wanted_topics, row.since)
                leased.append(Lease(row.delivery_id, row.message_id, row.attempts, row, hashed, chosen))
        _mark(connection, skipped, "skipped", now)
        _mark(connection, [one.id for one in leased], "leased", now)
        if later:
            waits = update(delivery).where(delivery.c.id == bindparam("of"))
            connection.execute(waits.values(state="queued", due_at=bindparam("slot")), later)
        taken += leased
        settled += len(skipped)
    return taken, settled


def _due_rows(connection: Connection, issue_id: str, most: int, now: datetime) -> list[Row[Any]]:
    """Mails that may go now: those whose time has come first, then the rest of the queue; each by one index."""
    rows: list[Row[Any]] = []
    for state, due in (("queued", _DUE), ("deferred", _DUE), ("queued", _WAITING)):
        if len(rows) < most:
            of = {"of": issue_id, "in": state, "most": most - len(rows)}
            rows += connection.execute(due, of | {"on": now} if due is _DUE else of)
    return rows


# Those that every mail asks for are made once: making a statement costs more than running it.
_IN_TURN = (
    select(
        delivery.c.id.label("delivery_id"), delivery.c.state.label("delivery_state"),
        delivery.c.topics.label("wanted_topics"), delivery.c.since,
        delivery.c.message_id, delivery.c.attempts, delivery.c.due_at, subscriber,
    )
    .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
    .where(delivery.c.issue_id == bindparam("of"), delivery.c.state == bindparam("in"))
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("most"))
)  # fmt: skip
_DUE, _WAITING = _IN_TURN.where(delivery.c.due_at <= bindparam("on")), _IN_TURN.where(delivery.c.due_at.is_(None))
_STATE = select(issue.c.state).where(issue.c.id == bindparam("of"))
_GONE = select(suppression.c.hash).where(suppression.c.hash.in_(bindparam("hashes", expanding=True)))
_MARK = (
    update(delivery)
    .where(delivery.c.id.in_(bindparam("ids", expanding=True)))
    .values(state=bindparam("to"), due_at=None, changed_at=bindparam("on"))
)
_IN_HAND = (
    select(delivery.c.id, subscriber.c.state.label("reader"), issue.c.state.label("issue"))
    .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
    .join(issue, issue.c.id == delivery.c.issue_id)
    # Armed too: a commit whose answer was lost is done again.
    .where(delivery.c.id.in_(bindparam("ids", expanding=True)), _OURS)
)
_ARM = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("mail"),
        _OURS,
        exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == "active"),
        exists().where(issue.c.id == delivery.c.issue_id, issue.c.state == "sending"),
        ~exists().where(suppression.c.hash == bindparam("hash")),
    )
    .values(state="armed", due_at=None, changed_at=bindparam("on"))
)
_KNOWN: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("state", "reply", "attempts", "due_at")}
_SETTLE = update(delivery).where(delivery.c.id == bindparam("new_id"), _OURS)
_SETTLE = _SETTLE.values(**_KNOWN, changed_at=bindparam("on"))


def _is_held(connection: Connection, issue_id: str) -> bool:
    return connection.execute(_STATE, {"of": issue_id}).scalar_one_or_none() != "sending"


def _suppressed(connection: Connection, hashes: Collection[str]) -> set[str]:
    return set(connection.execute(_GONE, {"hashes": hashes}).scalars())


def _mark(connection: Connection, ids: Collection[int], state: DeliveryState, now: datetime) -> None:
    if ids:
        connection.execute(_MARK, {"ids": ids, "to": state, "on": now})


Permit = Literal["armed", "queued", "skipped"]


def arm(connection: Connection, leases: Sequence[Lease], now: datetime) -> dict[int, Permit]:
    """Write down that mails are about to be handed over: from here on they may have been sent.

    The last look: whoever has left by now is skipped, and of a paused issue everything goes back to the queue. A row
    that another sender has settled meanwhile stays as it is.

    Returns:
        what each became, by its row's id; only `armed` may be handed over.
    """
    # One statement arms whichever may be handed over, as nearly always all may.
    rows = [{"mail": one.id, "hash": one.suppressed_as, "on": now} for one in leases]
    if connection.execute(_ARM, rows).rowcount == len(rows):
        return {one.id: "armed" for one in leases}
    ours = {row.id: row for row in connection.execute(_IN_HAND, {"ids": [one.id for one in leases]})}
    gone = _suppressed(connection, [one.suppressed_as for one in leases])
    permits: dict[int, Permit] = {}
    for one in leases:
        row = ours.get(one.id)
        leaves = row is None or row.reader != "active" or one.suppressed_as in gone
        held = row is not None and row.issue != "sending"
        permits[one.id] = "queued" if held else "skipped" if leaves else "armed"
    for permit in set(permits.values()):
        _mark(connection, [id_ for id_ in ours if permits[id_] == permit], permit, now)
    return permits


def settle(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write down what is known of mails that this sender leased or armed."""
    rows = [{f"new_{name}": value for name, value in vars(one).items()} | {"on": now} for one in outcomes]
    connection.execute(_SETTLE, rows)


def next_slot(connection: Connection, issue_id: str, states: Collection[DeliveryState]) -> datetime | None:
    """When the next mail in one of `states` is due; None when nothing waits for its time, or the issue is paused."""
    if _is_held(connection, issue_id):
        return None
    first_of = select(func.min(delivery.c.due_at)).where(
        delivery.c.issue_id == issue_id, delivery.c.due_at.is_not(None)
    )
    first = [connection.execute(first_of.where(delivery.c.state == state)).scalar_one() for state in states]
    return min((at for at in first if at), default=None)


def is_due(connection: Connection, issue_id: str, now: datetime) -> bool:
    """Whether a mail of an issue may be sent now, or was left behind by a sender that died."""
    left = select(exists().where(delivery.c.issue_id == issue_id, _OURS))
    return bool(_due_rows(connection, issue_id, 1, now)) or bool(connection.execute(left).scalar_one())


def counts(connection: Connection, issue_id: str) -> Counter[str]:
    """How many mails of an issue are in each state; those that wait for their reader's morning are `waiting`."""
    theirs = delivery.c.issue_id == issue_id
    by_state = select(delivery.c.state, func.count().label("number")).where(theirs).group_by(delivery.c.state)
    # The states are told by the index alone; what waits is asked apart, since that needs a look at the rows.
    untried = select(func.count()).where(theirs, delivery.c.state == "deferred", delivery.c.attempts == 0)
    found = Counter({row.state: row.number for row in connection.execute(by_state)})
    waiting = connection.execute(untried).scalar_one() if found["deferred"] else 0
    return found + Counter(waiting=waiting) - Counter(deferred=waiting)


def finish(connection: Connection, issue_id: str) -> bool:
    """Call an issue done when every one of its rows is; returns whether it is."""
    unfinished = delivery.c.issue_id == issue_id, delivery.c.state.in_(("queued", "leased", "armed", "deferred"))
    done = not connection.execute(select(exists().where(*unfinished))).scalar_one()
    if done:
        sent = issue.c.id == issue_id, issue.c.state.in_(("sending", "paused"))
        connection.execute(update(issue).where(*sent).values(state="done"))
    return done


def uncertain(connection: Connection, issue_id: str) -> Sequence[Row[str, str, datetime]]:
    """(address, message_id, at) of every mail of which nobody knows."""
    theirs = delivery.c.issue_id == issue_id, delivery.c.state == "uncertain"
    named = select(subscriber.c.address, delivery.c.message_id, delivery.c.changed_at.label("at"))
    named = named.join(subscriber, subscriber.c.id == delivery.c.subscriber_id).where(*theirs)
    return connection.execute(named.order_by(delivery.c.id)).all()


def all_issues(connection: Connection) -> Sequence[Row[Any]]:
    """Every issue, newest first."""
    return connection.execute(select(issue).order_by(issue.c.created_at.desc(), issue.c.id.desc())).all()
