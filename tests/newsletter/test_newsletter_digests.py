"""Digests: once a day or a week, in the morning where each reader is, with every post once."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from relays import add_subscribers, item, ledger_of, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine, select
from test_newsletter_delivery import HEAD, send

from milepost import db
from milepost.newsletter import digests, ledger, tables
from milepost.newsletter.choices import choose, topics_of
from milepost.newsletter.delivery import under_way
from milepost.newsletter.drafts import make_issue
from milepost.newsletter.issue import Item
from milepost.newsletter.letter import letter_of
from milepost.newsletter.model import RHYTHMS, Choices, Rhythm

HOME = "Europe/Berlin"
THURSDAY = datetime(2026, 1, 15, tzinfo=UTC)


def at(hour: float, day: int = 0) -> datetime:
    """A moment in UTC, counted from a Thursday."""
    return THURSDAY + timedelta(days=day, hours=hour)


def post(number: int, published: datetime, *tags: str) -> Item:
    return item(number, date_published=published.isoformat(), tags=list(tags))


def reader(engine: Engine, name: str, rhythm: Rhythm, zone: str = "", *topics: str) -> None:
    add_subscribers(engine, f"{name}@example.org")
    chooses(engine, name, rhythm, zone, *topics)


def chooses(engine: Engine, name: str, rhythm: Rhythm, zone: str = "", *topics: str) -> None:
    with engine.begin() as connection:
        mine = select(tables.subscriber.c.id).where(tables.subscriber.c.address == f"{name}@example.org")
        choose(connection, connection.execute(mine).scalar_one(), Choices(topics, rhythm, zone))


def made(engine: Engine, now: datetime, *posts: Item) -> list[str]:
    with engine.begin() as connection:
        return digests.make_due(connection, posts, HEAD, HOME, now)


def waits(engine: Engine, id_: str) -> dict[str, datetime | None]:
    """Until when each reader of a digest waits."""
    return {row.address.partition("@")[0]: row.due_at for row in ledger_of(engine) if row.issue_id == id_}


def test_a_digest_is_made_in_the_first_readers_morning_and_each_gets_it_in_theirs(
    engine: Engine, tmp_path: Path
) -> None:
    reader(engine, "home", "daily")
    reader(engine, "tokyo", "daily", "Asia/Tokyo")
    reader(engine, "york", "daily", "America/New_York")
    reader(engine, "monday", "weekly", "Asia/Tokyo")
    add_subscribers(engine, "each@example.org")
    posts = [post(2, at(12)), post(1, at(11))]
    assert made(engine, at(22.9), *posts) == [], "nobody has their morning"
    assert made(engine, at(23), *posts) == ["2026-01-16-daily"]
    assert waits(engine, "2026-01-16-daily") == {"tokyo": None, "home": at(7, 1), "york": at(13, 1)}
    assert made(engine, at(23.5), post(3, at(23.2)), *posts) == [], "a day has one"
    with relaying() as sink:
        settings, id_ = settings_at(tmp_path, sink.url), "2026-01-16-daily"
        assert under_way(engine, at(23)) == [id_]
        assert send(engine, settings, id_, at(23)) == {"accepted": 1, "waiting": 2}
        assert under_way(engine, at(6.9, 1)) == []
        assert send(engine, settings, id_, at(7, 1)) == {"accepted": 2, "waiting": 1}
        assert send(engine, settings, id_, at(20, 1)) == {"accepted": 3}
        assert [mail.recipient.partition("@")[0] for mail in sink.mails] == ["tokyo", "home", "york"]
        # As it was frozen, whenever it is sent: nothing was added meanwhile.
        assert {str(mail.message["Subject"]) for mail in sink.mails} == {"Post 2"}
    assert made(engine, at(23, 1), post(3, at(23.2)), *posts) == ["2026-01-17-daily"]
    # Monday in Tokyo: the week's beside the day's.
    assert made(engine, at(23, 3), post(4, at(20, 3)), post(3, at(23.2)), *posts) == [
        "2026-01-19-daily", "2026-01-19-weekly",
    ]  # fmt: skip
    with db.reading(engine) as connection:
        weekly = letter_of(ledger.issue_row(connection, "2026-01-19-weekly"))
    assert [one.title for one in weekly.theirs((), 1).posts] == ["Post 4", "Post 3", "Post 2"]


def test_what_comes_after_a_morning_waits_for_the_next_and_nobody_has_an_empty_digest(engine: Engine) -> None:
    reader(engine, "home", "daily")
    reader(engine, "docs", "daily", "", "docs")
    assert made(engine, at(7)) == []
    first = post(1, at(7.2))
    assert made(engine, at(7.3), first) == [], "it was not there at eight"
    assert made(engine, at(7, 1), first) == ["2026-01-16-daily"]
    assert waits(engine, "2026-01-16-daily") == {"home": None}
    # A machine that was away in the morning sends until noon, and else with the next one.
    second = post(2, at(8, 1), "Docs")
    assert made(engine, at(11.1, 2), second, first) == []
    assert made(engine, at(10.9, 3), second, first) == ["2026-01-18-daily"]
    assert waits(engine, "2026-01-18-daily") == {"home": None, "docs": None}
    assert made(engine, at(7, 4), second, first) == [], "nothing is new"


def test_of_several_that_look_at_once_one_makes_the_digest(engine: Engine) -> None:
    reader(engine, "home", "daily")
    posts = [post(2, at(5)), post(1, at(4))]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: made(engine, at(7), *posts), range(4)))
    assert sorted(found) == [[], [], [], ["2026-01-15-daily"]]
    assert [row.number for row in rows(engine, tables.post)] == [1, 2]
    assert waits(engine, "2026-01-15-daily") == {"home": None}


def test_a_text_by_hand_reaches_readers_of_digests_in_their_next_morning(engine: Engine) -> None:
    reader(engine, "each", "each")
    reader(engine, "daily", "daily", "Asia/Tokyo")
    reader(engine, "late", "daily", "Europe/Lisbon")
    reader(engine, "weekly", "weekly", "America/New_York", "docs")
    reader(engine, "other", "weekly", "", "tools")
    content = '[{"html": "<p>Hello</p>", "text": "Hello", "topics": ["docs", "strategy"]}]'
    row = {"id": "hello", "state": "draft", "subject": "Hello", "rhythm": "", "content": content, "created_at": NOW}
    with engine.begin() as connection:
        connection.execute(tables.issue.insert().values(row))
        ledger.freeze(connection, "hello", HEAD, at(11), HOME)
    assert waits(engine, "hello") == {"each": None, "daily": at(23), "late": None, "weekly": at(13, 4)}


ZONES = ("", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Honolulu", "Asia/Kathmandu", "No/Where")
SLUGS = ("docs", "strategy")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_in_two_weeks_of_changing_minds_nobody_misses_a_post_or_has_one_twice(engine: Engine) -> None:
    """Posts at any time, readers who change rhythm and zone, a machine that looks once an hour, if it is not away."""
    chance = random.Random(3)
    for number in range(16):
        topics = chance.choice(((), (), ("docs",), ("strategy",)))
        reader(engine, f"reader{number}", chance.choice(RHYTHMS), chance.choice(ZONES), *topics)
    posts: list[Item] = []
    for hour in range(14 * 24):
        now = at(hour + 0.1)
        if chance.random() < 0.06:
            posts = [post(len(posts) + 1, now - timedelta(minutes=chance.randint(0, 50)), chance.choice(SLUGS)), *posts]
        if chance.random() < 0.1:
            who = chance.choice(rows(engine, tables.subscriber))
            name, topics = who.address.partition("@")[0], topics_of(who.topics)
            chooses(engine, name, chance.choice(RHYTHMS), chance.choice(ZONES), *topics)
        if chance.random() < 0.9:
            with engine.begin() as connection:
                new = digests.make_due(connection, posts, HEAD, HOME, now)
                if id_ := make_issue(connection, posts, now):
                    ledger.freeze(connection, id_, HEAD, now, HOME)
            for id_ in new:
                check_mornings(engine, id_, now)
    had = posts_had(engine)
    people = {row.id: row for row in rows(engine, tables.subscriber)}
    for row in people.values():
        theirs = [
            number
            for number, one in enumerate(reversed(posts), 1)
            if number <= row.seen and (not row.topics or one.tags[0] in row.topics)
        ]
        assert sorted(had[row.id]) == theirs
    assert len(posts) > 15
    assert max(row.seen for row in people.values()) == len(posts)
    assert min(row.seen for row in people.values()) > len(posts) // 2


def rows(engine: Engine, table: Any) -> Sequence[Any]:
    with db.reading(engine) as connection:
        return connection.execute(select(table).order_by(*table.primary_key.columns)).all()


def posts_had(engine: Engine) -> dict[int, list[int]]:
    """The numbers of the posts in all mails of each reader."""
    letters = {row.id: letter_of(row) for row in rows(engine, tables.issue)}
    had = defaultdict(list)
    for row in rows(engine, tables.delivery):
        mine = letters[row.issue_id].theirs(topics_of(row.topics), row.since).posts
        assert mine, "an empty mail"
        had[row.subscriber_id] += [one.number for one in mine]
    return had


def check_mornings(engine: Engine, id_: str, now: datetime) -> None:
    """Everybody has this digest in a morning of its day, where they are."""
    day, rhythm = datetime.fromisoformat(id_[:10]), id_[11:]
    zones = {row.id: row.zone for row in rows(engine, tables.subscriber)}
    for row in rows(engine, tables.delivery):
        if row.issue_id == id_:
            zone = zones[row.subscriber_id]
            place = ZoneInfo(HOME if zone in ("", "No/Where") else zone)
            late = (row.due_at or now) - datetime.combine(day, time(8), place).astimezone(UTC)
            assert timedelta() <= late <= timedelta(hours=4 if rhythm == "daily" else 28)
            assert rhythm == "daily" or day.weekday() == 0
