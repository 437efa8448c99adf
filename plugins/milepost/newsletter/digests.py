"""The digests that are due: one for each day and rhythm, made when the first of its readers has their morning.

Each of the others gets theirs in a morning of their own. Knows no file and no mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from milepost.newsletter import drafts, ledger
from milepost.newsletter.audience import LATE, is_day_of, morning
from milepost.newsletter.issue import Item
from milepost.newsletter.mail import Letterhead
from milepost.newsletter.model import Rhythm, Topic
from milepost.newsletter.tables import issue, subscriber

DIGESTS: tuple[Rhythm, ...] = ("daily", "weekly")


def are_wanted(connection: Connection) -> bool:
    """Whether anybody reads digests."""
    readers = select(subscriber.c.id).where(subscriber.c.state == "active", subscriber.c.rhythm.in_(DIGESTS))
    return connection.execute(readers.limit(1)).first() is not None


def make_due(
    connection: Connection,
    items: Sequence[Item],
    head: Letterhead,
    site_zone: str,
    now: datetime,
    topics: Sequence[Topic] = (),
) -> list[str]:
    """Make and freeze every digest that is due now; returns their ids. Again, it makes none twice.

    Args:
        items: the posts of a feed, newest first.
        topics: what readers may choose.
    """
    numbers = drafts.take_in(connection, items)
    news = {numbers[item.id]: item.published for item in items}
    made = []
    for rhythm in DIGESTS:
        seen = _seen(connection, rhythm)
        for day in (now.date() + timedelta(days=count) for count in range(-2, 2)):
            id_ = f"{day}-{rhythm}"
            mornings = _mornings(rhythm, day, seen, news, site_zone, now) if is_day_of(rhythm, day) else {}
            if not any(moment <= now for moment in mornings.values()) or _is_made(connection, id_):
                continue
            least = min(seen[zone] for _, zone in mornings)
            if drafts.make_digest(connection, items, id_, rhythm, least, now, topics):
                ledger.freeze(connection, id_, head, now, site_zone, mornings)
                made.append(id_)
                seen = _seen(connection, rhythm)
    return made


def _seen(connection: Connection, rhythm: Rhythm) -> dict[str, int]:
    """Up to which post all readers of a rhythm have had them, by zone."""
    least = select(subscriber.c.zone, func.min(subscriber.c.seen).label("seen"))
    theirs = least.where(subscriber.c.state == "active", subscriber.c.rhythm == rhythm)
    return {row.zone: row.seen for row in connection.execute(theirs.group_by(subscriber.c.zone))}


def _mornings(
    rhythm: Rhythm,
    day: date,
    seen: Mapping[str, int],
    news: Mapping[int, datetime | None],
    site_zone: str,
    now: datetime,
) -> dict[tuple[Rhythm, str], datetime]:
    """When a digest of `day` goes to each zone: where its morning is not over, and there is news from before it."""
    found = {}
    for zone, had in seen.items():
        begins = morning(day, zone, site_zone).astimezone(now.tzinfo)
        new = [at for number, at in news.items() if number > had]
        if begins + LATE[rhythm] >= now and any(at is None or at <= begins for at in new):
            found[rhythm, zone] = begins
    return found


def _is_made(connection: Connection, id_: str) -> bool:
    return connection.execute(select(issue.c.id).where(issue.c.id == id_)).first() is not None
