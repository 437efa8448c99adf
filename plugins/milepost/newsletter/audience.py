"""Whom an issue is for, and when each of them has their morning: as SQL, so that a million are one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    update,
)

from milepost.newsletter.letter import Letter
from milepost.newsletter.model import RHYTHMS, Rhythm
from milepost.newsletter.tables import delivery, post, subscriber

MORNING = time(8, 0)
LATE: Mapping[Rhythm, timedelta] = {"daily": timedelta(hours=4), "weekly": timedelta(hours=28)}
"""How long a morning may be past before its mail waits for the next one: whoever sends may have been away."""

Mornings = Mapping[tuple[Rhythm, str], datetime]
"""When what is sent by a rhythm may go to the readers of a zone, as their rows name it."""


class Wanted(NamedTuple):
    """What a reader had chosen and seen when an issue was frozen: the row's `topics`, and the number of a post."""

    topics: str = ""
    since: int = 0


EVERYTHING = Wanted()


def enter(
    connection: Connection, issue: Any, letter: Letter, host: str, mornings: Mornings, now: datetime
) -> None:  # fmt: skip
    """Make a row of the ledger for everybody whom an issue is for now; whatever posts it has, they have seen.

    Args:
        issue, letter: its row, and what that says.
        mornings: who of another rhythm than each post waits until when; who is not named is not among them.
    """
    number = cast(subscriber.c.id, Text)
    theirs = wanted(issue, letter)
    who = and_(theirs, _named(mornings))
    waits = _waiting(mornings, now)
    later = or_(false(), *(condition for condition, _ in waits))
    due_at = case(*((condition, literal(at, delivery.c.due_at.type)) for condition, at in waits), else_=null())
    audience = select(
        literal(issue.id), subscriber.c.id, literal(f"<{issue.id}.") + number + f"@{host}>", literal(0),
        case((later, "deferred"), else_="queued"), literal(""), due_at if waits else null(),
        literal(now, delivery.c.changed_at.type), subscriber.c.topics, subscriber.c.seen,
    ).where(who)  # fmt: skip
    columns = ["issue_id", "subscriber_id", "message_id", "attempts", "state", "reply", "due_at", "changed_at"]
    connection.execute(insert(delivery).from_select([*columns, "topics", "since"], audience))
    last = max((one.number for one in letter.posts), default=0)
    # On a server, a reader may choose anew between the two statements: by what they have now nobody is passed over whom
    # it was for, and whoever has a row has seen it.
    has_row = exists().where(delivery.c.issue_id == issue.id, delivery.c.subscriber_id == subscriber.c.id)
    is_not_for = and_(_is_of(issue.rhythm), _named(mornings), not_(theirs))
    if last:
        behind = and_(subscriber.c.seen < last, or_(has_row, is_not_for))
        connection.execute(update(subscriber).where(behind).values(seen=last))
        connection.execute(update(post).where(post.c.number <= last, post.c.told.is_(False)).values(told=True))


def wanted(issue: Any, letter: Letter) -> ColumnElement[bool]:
    """Who is to get an issue, as a condition on subscribers: the active, of its rhythm, whom something of it is for.

    `Letter.theirs` says the same of one reader.
    """
    if letter.html:
        theirs = or_(subscriber.c.topics == "", *map(_chose, letter.topics)) if letter.topics else true()
        return and_(_is_of(issue.rhythm), theirs)
    newest: dict[str, int] = {}
    posts = (*letter.posts, *letter.older)
    for one in posts:
        newest |= {topic: max(one.number, newest.get(topic, 0)) for topic in one.topics}
    any_topic = and_(subscriber.c.topics == "", subscriber.c.seen < max((one.number for one in posts), default=0))
    return and_(
        _is_of(issue.rhythm),
        or_(any_topic, *(and_(_chose(topic), subscriber.c.seen < number) for topic, number in newest.items())),
    )


def mornings_of(connection: Connection, site_zone: str, now: datetime) -> Mornings:
    """When what is sent now may go to readers who have mail in the morning alone: at once, while that is."""
    used = select(subscriber.c.rhythm, subscriber.c.zone).where(_is_of(""), subscriber.c.rhythm != "each").distinct()
    return {(row.rhythm, row.zone): _next(row.rhythm, row.zone, site_zone, now) for row in connection.execute(used)}


def morning(day: date, zone: str, site_zone: str) -> datetime:
    """When it is morning in a reader's zone; that of the site where their row names none that there is."""
    try:
        place = ZoneInfo(zone or site_zone)
    except (ZoneInfoNotFoundError, ValueError):
        place = ZoneInfo(site_zone)
    return datetime.combine(day, MORNING, place)


def is_day_of(rhythm: Rhythm, day: date) -> bool:
    """Whether a digest of `rhythm` is for mornings of `day`: what is weekly comes on Mondays."""
    return rhythm != "weekly" or day.weekday() == 0


def _next(rhythm: Rhythm, zone: str, site_zone: str, now: datetime) -> datetime:
    days = (now.date() + timedelta(days=count) for count in range(-3, 10))
    mornings = (morning(day, zone, site_zone) for day in days if is_day_of(rhythm, day))
    return next(found for found in mornings if found.astimezone(now.tzinfo) + LATE[rhythm] >= now)


def _is_of(rhythm: str) -> ColumnElement[bool]:
    active = subscriber.c.state == "active"
    return and_(active, subscriber.c.rhythm == rhythm) if rhythm else active


def _chose(topic: str) -> ColumnElement[bool]:
    return subscriber.c.topics.contains(f";{topic};", autoescape=True)


def _named(mornings: Mornings) -> ColumnElement[bool]:
    """Readers of each post, and those whose mornings are named."""
    zones: dict[str, list[str]] = defaultdict(list)
    for rhythm, zone in mornings:
        zones[rhythm].append(zone)
    named = [and_(subscriber.c.rhythm == rhythm, subscriber.c.zone.in_(zones[rhythm])) for rhythm in RHYTHMS[1:]]
    return or_(subscriber.c.rhythm == "each", *named)


def _waiting(mornings: Mornings, now: datetime) -> list[tuple[ColumnElement[bool], datetime]]:
    """(condition on subscribers, time) for those who wait: one for each time that somebody waits for."""
    at: dict[datetime, list[ColumnElement[bool]]] = defaultdict(list)
    for (rhythm, zone), moment in mornings.items():
        if moment > now:
            at[moment].append(and_(subscriber.c.rhythm == rhythm, subscriber.c.zone == zone))
    return [(or_(*conditions), moment) for moment, conditions in sorted(at.items())]
