"""Takes in a maildir of what came back: each report once, in one transaction; nothing is ever deleted.

What was read goes to the folder `.handled`, what could not be to `.unreadable`, both beside `new` and `cur`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, Engine, exists, insert, select, update

from milepost.newsletter.copies import delivery_of
from milepost.newsletter.model import NewsletterError
from milepost.newsletter.reports import Return, Unreadable, read_return
from milepost.newsletter.tables import bounce, delivery, subscriber

SOFT_LIMIT = 3
"""So many issues in a row have to come back softly before an address counts as gone."""
MOST_BYTES = 10_000_000


def take_in(engine: Engine, maildir: Path, secret: bytes, now: datetime) -> Counter[str]:
    """Read every mail of `maildir`; returns how many were hard, soft, complaint, nothing or unreadable.

    Raises:
        NewsletterError: when the folder is no maildir, or cannot be changed.
    """
    if not (maildir / "new").is_dir() or not (maildir / "cur").is_dir():
        raise NewsletterError(f"{maildir}: no maildir; it has no folders new and cur")
    counts: Counter[str] = Counter()
    try:
        for path in _mails(maildir):
            content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
            try:
                found = read_return(content, partial(delivery_of, secret=secret))
                with engine.begin() as connection:
                    kind = _record(connection, found, sha256(content).hexdigest(), now)
            except (Unreadable, UnicodeError, ValueError, LookupError):
                kind = "unreadable"
            counts[kind] += 1
            # After the commit: whoever is killed in between finds the digest, and only moves the file.
            _put_aside(path, maildir / (".unreadable" if kind == "unreadable" else ".handled"))
    except OSError as error:
        raise NewsletterError(f"{error.filename or maildir}: {error.strerror}") from error
    return counts


def _mails(maildir: Path) -> Iterator[Path]:
    for folder in ("new", "cur"):
        yield from sorted(path for path in (maildir / folder).iterdir() if path.is_file() and path.name[0] != ".")


def _put_aside(path: Path, folder: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / "cur" / path.name
    number = 1
    while target.exists():
        number += 1
        target = folder / "cur" / f"{path.name}.{number}"
    path.rename(target)


def _record(connection: Connection, found: Return, digest: str, now: datetime) -> str:
    """Write a report down, and what follows of it for the subscriber."""
    if found.kind == "nothing":
        return "nothing"
    known = connection.execute(select(delivery).where(delivery.c.id == found.delivery_id)).one_or_none()
    if known is None:
        # Of somebody who has been erased since: nothing is kept of them, this neither.
        return "nothing"
    if connection.execute(select(exists().where(bounce.c.digest == digest))).scalar_one():
        return "known"
    said = {"kind": found.kind, "status": found.status, "said": found.said, "digest": digest, "at": now}
    connection.execute(insert(bounce).values(delivery_id=known.id, subscriber_id=known.subscriber_id, **said))
    gone = found.kind == "hard" or (found.kind == "soft" and _is_gone(connection, known.subscriber_id))
    if found.kind == "complaint" or gone:
        state = "complained" if found.kind == "complaint" else "bounced"
        mailed = ("pending", "active", "bounced") if found.kind == "complaint" else ("active",)
        theirs = subscriber.c.id == known.subscriber_id, subscriber.c.state.in_(mailed)
        connection.execute(update(subscriber).where(*theirs).values(state=state, changed_at=now))
    return found.kind


def _is_gone(connection: Connection, subscriber_id: int) -> bool:
    """Whether each of the last issues that the relay took for a reader has come back."""
    taken = select(delivery.c.id).where(delivery.c.subscriber_id == subscriber_id, delivery.c.state == "accepted")
    last = list(connection.execute(taken.order_by(delivery.c.id.desc()).limit(SOFT_LIMIT)).scalars())
    back = select(bounce.c.delivery_id).where(bounce.c.delivery_id.in_(last), bounce.c.kind == "soft")
    return len(last) == SOFT_LIMIT and set(connection.execute(back).scalars()) == set(last)
