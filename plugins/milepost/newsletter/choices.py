"""What a reader chose, topics, rhythm and zone: read from a form or a file, and kept in their row.

Knows no HTTP. Every function that has a connection works in its caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Connection, update

from milepost.newsletter.model import RHYTHMS, Choices, Rhythm, Topic
from milepost.newsletter.tables import subscriber

_NO_PLACES = ("Etc", "SystemV", "posix", "right")


@cache
def zones() -> tuple[str, ...]:
    """The names of time zones that are places, and UTC."""
    places = (name for name in available_timezones() if "/" in name and name.split("/")[0] not in _NO_PLACES)
    return ("UTC", *sorted(places))


def choices_of(fields: Mapping[str, Sequence[str]], offered: Iterable[Topic]) -> Choices:
    """What a form says; whatever was not offered is left out.

    All topics and none are the same: whoever wants everything wants what will be written about tomorrow, too.
    """
    known = [topic.slug for topic in offered]
    asked = set(fields.get("topic", ()))
    topics = tuple(slug for slug in known if slug in asked)
    rhythm = next(iter(fields.get("rhythm", ())), "")
    zone = next(iter(fields.get("zone", ())), "")
    return Choices(
        topics=() if len(topics) == len(known) else topics,
        rhythm=rhythm_of(rhythm) or "each",
        zone=zone if zone in zones() else "",
    )


def rhythm_of(text: str) -> Rhythm | None:
    """The rhythm that is written `text`, or None."""
    return next((rhythm for rhythm in RHYTHMS if rhythm == text), None)


def chosen(row: Any) -> Choices:
    """What the row of a subscriber says."""
    return Choices(topics_of(row.topics), rhythm_of(row.rhythm) or "each", row.zone)


def topics_of(kept: str) -> tuple[str, ...]:
    """The slugs in a row's `topics`."""
    return tuple(slug for slug in kept.split(";") if slug)


def topics_kept(slugs: Iterable[str]) -> str:
    """`slugs` as a row keeps them: with a mark on both sides of each, so that one can be looked for."""
    listed = ";".join(slugs)
    return f";{listed};" if listed else ""


def choose(connection: Connection, subscriber_id: int, choices: Choices) -> None:
    """Keep what a subscriber chose. It holds from the next issue on; what they have had already is not new again."""
    values = {"topics": topics_kept(choices.topics), "rhythm": choices.rhythm, "zone": choices.zone}
    connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(values))
