"""Makes an issue: what is new in a feed, as a row that nothing was sent of yet. Knows no file and no mail.

Every function works on a connection whose transaction is the caller's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from milepost.newsletter.issue import Item
from milepost.newsletter.letter import subject_of
from milepost.newsletter.model import NewsletterError, Rhythm, Topic
from milepost.newsletter.tables import issue, post, subscriber


def take_in(connection: Connection, items: Sequence[Item]) -> dict[str, int]:
    """Give every post that was never seen before the next number, oldest first; returns each post's number by its id.

    Of the first feed only the newest is news: who subscribes to news has not asked for the archive.
    """
    if connection.dialect.name == "postgresql":
        # Two that take the same feed in: the second finds what the first one numbered.
        connection.execute(text("LOCK TABLE post IN SHARE ROW EXCLUSIVE MODE"))
    ids = list(dict.fromkeys(item.id for item in reversed(items)))
    rows = connection.execute(select(post).where(post.c.id.in_(ids)))
    known = {row.id: row.number for row in rows}
    last = newest(connection)
    fresh = {id_: number for number, id_ in enumerate((one for one in ids if one not in known), last + 1)}
    if fresh:
        connection.execute(insert(post), [{"number": number, "id": id_} for id_, number in fresh.items()])
    if fresh and not last:
        connection.execute(update(subscriber).values(seen=len(fresh) - 1))
        connection.execute(update(post).where(post.c.number < len(fresh)).values(told=True))
    return known | fresh


def newest(connection: Connection) -> int:
    """The number of the newest post that there is; 0 before the first."""
    return int(connection.execute(select(func.coalesce(func.max(post.c.number), 0))).scalar_one())


def make_issue(
    connection: Connection, items: Sequence[Item], now: datetime, topics: Sequence[Topic] = ()
) -> str | None:  # fmt: skip
    """Make a draft for readers of each post, of what no such issue has had; returns its id, or None when there is
    nothing new.

    Args:
        items: the posts of a feed, newest first.
        topics: what readers may choose, by whose names the feed tags its posts.
    """
    numbers = take_in(connection, items)
    had = _had(connection, "each")
    if had is None:
        had = max(numbers.values(), default=0) - 1 if (seen := _least_seen(connection, "each")) is None else seen
    content = contents(items, numbers, had, _least_seen(connection), topics)
    return draft(connection, _free_id(connection, now), "each", content, now) if _is_news(content) else None


def make_digest(
    connection: Connection,
    items: Sequence[Item],
    id_: str,
    rhythm: Rhythm,
    seen: int,
    now: datetime,
    topics: Sequence[Topic] = (),
) -> str | None:
    """Make a draft for readers of a digest, the least of whom has seen posts up to number `seen`; as `make_issue`."""
    numbers, had = take_in(connection, items), _had(connection, rhythm)
    start = seen if had is None or had >= max(numbers.values(), default=0) else had
    content = contents(items, numbers, start, seen, topics)
    return draft(connection, id_, rhythm, content, now) if _is_news(content) else None


def keep_by_hand(connection: Connection, id_: str, subject: str, content: str, now: datetime) -> None:
    """Keep an issue by hand as a draft for readers of every rhythm; while nothing of it was sent, as it is now.

    Raises:
        NewsletterError: when one of that id was sent.
    """
    values = {"state": "draft", "subject": subject, "content": content, "send_at": None}
    mine = issue.c.id == id_, issue.c.rhythm == "", issue.c.state.in_(("draft", "scheduled"))
    if connection.execute(update(issue).where(*mine).values(values)).rowcount:
        return
    if connection.execute(select(issue.c.id).where(issue.c.id == id_)).first():
        raise NewsletterError(f"there is an issue {id_} already, and it is not this draft; rename the file")
    connection.execute(insert(issue).values(id=id_, rhythm="", created_at=now, **values))


def draft(connection: Connection, id_: str, rhythm: str, content: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """Keep an issue of posts as a draft, and return its id."""
    subject = subject_of([entry["title"] for entry in content if not entry.get("older")])
    values = {"id": id_, "state": "draft", "rhythm": rhythm, "subject": subject, "created_at": now}
    connection.execute(insert(issue).values(content=json.dumps(content, ensure_ascii=False), **values))
    return id_


def contents(
    items: Sequence[Item], numbers: Mapping[str, int], had: int, seen: int | None, topics: Sequence[Topic]
) -> list[dict[str, Any]]:  # fmt: skip
    """What an issue keeps of posts: those behind number `had`, and as `older` those that somebody has not seen."""
    listed = []
    for item in {one.id: one for one in items}.values():
        number = numbers[item.id]
        if number <= min(had, had if seen is None else seen):
            continue
        entry = item.model_dump(mode="json", exclude_defaults=True, exclude={"tags", "published"})
        entry |= {"number": number, "topics": topics_of_tags(item.tags, topics)}
        listed.append(entry if number > had else {**entry, "older": True})
    return sorted(listed, key=lambda entry: entry.get("older", False))


def topics_of_tags(tags: Iterable[str], topics: Sequence[Topic]) -> list[str]:
    """The slugs of tags; of one that is the name of a topic, that of the topic."""
    by_name = {topic.name.casefold(): topic.slug for topic in topics}
    slugs = (by_name.get(tag.casefold()) or _slug(tag) for tag in tags)
    return list(dict.fromkeys(slug for slug in slugs if slug))


def _slug(tag: str) -> str:
    return re.sub(r"[\W_]+", "-", tag.casefold()).strip("-")


def _is_news(content: Sequence[Mapping[str, Any]]) -> bool:
    return any(not entry.get("older") for entry in content)


def _had(connection: Connection, rhythm: Rhythm) -> int | None:
    """The newest post that the last issue of `rhythm` had, or None where there was no such issue."""
    last = (
        select(issue.c.content).where(issue.c.rhythm == rhythm).order_by(issue.c.created_at.desc(), issue.c.id.desc())
    )
    content = connection.execute(last.limit(1)).scalar_one_or_none()
    if content is None:
        return None
    # By their ids: an issue of an earlier version of this has no numbers.
    ids = [entry["id"] for entry in json.loads(content)]
    return int(
        connection.execute(select(func.coalesce(func.max(post.c.number), 0)).where(post.c.id.in_(ids))).scalar_one()
    )


def _least_seen(connection: Connection, rhythm: Rhythm | None = None) -> int | None:
    """Up to which post everybody who is active has had them; None when there is nobody."""
    least = select(func.min(subscriber.c.seen)).where(subscriber.c.state == "active")
    found: int | None = connection.execute(least.where(subscriber.c.rhythm == rhythm) if rhythm else least).scalar_one()
    return found


def _free_id(connection: Connection, now: datetime) -> str:
    """The day, with a number from the day's second issue on."""
    taken = {row.id for row in connection.execute(select(issue.c.id))}
    day = f"{now:%Y-%m-%d}"
    return next(id_ for id_ in (day, *(f"{day}-{number}" for number in range(2, len(taken) + 3))) if id_ not in taken)
