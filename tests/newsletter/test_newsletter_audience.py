"""Whom an issue is for: by what readers chose and what they had; and that a copy stays what it was."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from relays import add_subscribers, item, ledger_of, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine, event, select, update
from test_newsletter_delivery import freeze, send

from milepost import db
from milepost.newsletter import control, erasure, ledger, store, tables
from milepost.newsletter.choices import choose, topics_of
from milepost.newsletter.drafts import make_issue, topics_of_tags
from milepost.newsletter.issue import Item
from milepost.newsletter.letter import letter_of
from milepost.newsletter.model import Choices, Rhythm, Topic

TOPICS = (Topic("strategy", "Strategy"), Topic("tools", "Tools & trades"), Topic("docs", "Docs"))


def post(number: int, *tags: str, **more: Any) -> Item:
    return item(number, tags=list(tags), **more)


def issue(engine: Engine, *posts: Item) -> str:
    with engine.begin() as connection:
        made = make_issue(connection, posts, NOW, TOPICS)
    assert made
    return made


def chooses(engine: Engine, address: str, *topics: str, rhythm: Rhythm = "each", zone: str = "") -> None:
    with engine.begin() as connection:
        id_ = connection.execute(select(tables.subscriber.c.id).where(tables.subscriber.c.address == address))
        choose(connection, id_.scalar_one(), Choices(topics, rhythm, zone))


def subjects(sink: Any) -> dict[str, str]:
    """The subject of each reader's mail; each has one."""
    found = {mail.recipient.partition("@")[0]: str(mail.message["Subject"]) for mail in sink.mails}
    assert len(found) == len(sink.mails)
    sink.mails.clear()
    return found


def links(mail: Any) -> list[str]:
    """The posts that both parts of a mail lead to, in order."""
    text, html = (mail.message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    inside = [number for number in range(9) if f"site.example/post-{number}/" in text]
    assert inside == [number for number in range(9) if f"site.example/post-{number}/" in html]
    return [f"post-{number}" for number in inside]


def test_a_reader_gets_the_posts_of_their_topics_and_nobody_an_empty_mail(engine: Engine, tmp_path: Path) -> None:
    names = ("all", "strategy", "tools", "docs", "both")
    add_subscribers(engine, *(f"{name}@example.org" for name in names))
    for name in names[1:4]:
        chooses(engine, f"{name}@example.org", name)
    chooses(engine, "both@example.org", "strategy", "tools")
    issue(engine, post(0))
    posts = [post(3, "Tools & trades"), post(2, "Strategy", "funnels"), post(1, "tools & TRADES"), post(0)]
    id_ = issue(engine, *posts)
    with relaying() as sink:
        assert send(engine, settings_at(tmp_path, sink.url), id_) == {"accepted": 4}
        mails = {mail.recipient.partition("@")[0]: links(mail) for mail in sink.mails}
        assert mails == {
            # An issue of the first was made, and never sent.
            "all": ["post-0", "post-1", "post-2", "post-3"],
            "both": ["post-1", "post-2", "post-3"],
            "strategy": ["post-2"],
            "tools": ["post-1", "post-3"],
        }
        assert subjects(sink) == {
            "all": "Post 3, and 3 more", "both": "Post 3, and 2 more",
            "strategy": "Post 2", "tools": "Post 3, and 1 more",
        }  # fmt: skip
        # Nothing of theirs was among them, and nothing of it is news to them later.
        chooses(engine, "docs@example.org")
        assert send(engine, settings_at(tmp_path, sink.url), issue(engine, post(4), *posts)) == {"accepted": 2}
        assert subjects(sink) == {"all": "Post 4", "docs": "Post 4"}


def test_who_changes_the_rhythm_misses_no_post_and_has_none_twice(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "each@example.org", "weekly@example.org")
    chooses(engine, "weekly@example.org", rhythm="weekly")
    posts = [post(1)]
    with relaying() as sink:
        settings = settings_at(tmp_path, sink.url)
        for number in (1, 2, 3):
            posts = [post(number), *posts] if number > 1 else posts
            assert send(engine, settings, issue(engine, *posts)) == {"accepted": 1}
        assert [mail.recipient for mail in sink.mails] == ["each@example.org"] * 3
        sink.mails.clear()
        chooses(engine, "weekly@example.org", rhythm="each")
        assert send(engine, settings, issue(engine, post(4), *posts)) == {"accepted": 2}
        mails = {mail.recipient.partition("@")[0]: links(mail) for mail in sink.mails}
    assert mails == {"each": ["post-4"], "weekly": ["post-1", "post-2", "post-3", "post-4"]}


def test_what_others_were_told_is_not_news_to_who_comes_later(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "old@example.org")
    posts = [post(3), post(2), post(1)]
    with relaying() as sink:
        settings, id_ = settings_at(tmp_path, sink.url), issue(engine, *posts)
        confirms(engine, "between@example.org")
        assert send(engine, settings, id_) == {"accepted": 2}
        assert subjects(sink) == {"old": "Post 3", "between": "Post 3"}, "of the first feed the newest alone is news"
        confirms(engine, "late@example.org")
        send(engine, settings, issue(engine, post(4), *posts))
        assert subjects(sink) == {"old": "Post 4", "between": "Post 4", "late": "Post 4"}


def confirms(engine: Engine, address: str) -> None:
    with engine.begin() as connection:
        store.sign_up(connection, address, "blog", None, "", "en", NOW)
        [id_] = erasure.ids_of(connection, address)
        assert store.confirm(connection, id_, NOW)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_who_chooses_in_the_middle_of_a_freeze_misses_nothing_and_has_nothing_twice(engine: Engine) -> None:
    """Between its two statements, over another connection: the moment that SQLite does not have."""
    names = ("joins", "leaves", "begins", "stays")
    add_subscribers(engine, *(f"{name}@example.org" for name in names))
    chooses(engine, "joins@example.org", rhythm="weekly")
    chooses(engine, "begins@example.org", "docs")
    id_, once = issue(engine, post(1, "Strategy")), []

    def choose_anew(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO delivery") and not once:
            once.append(statement)
            chooses(engine, "joins@example.org")
            chooses(engine, "leaves@example.org", rhythm="weekly")
            chooses(engine, "begins@example.org", "strategy")

    event.listen(engine, "after_cursor_execute", choose_anew)
    try:
        freeze(engine, id_)
    finally:
        event.remove(engine, "after_cursor_execute", choose_anew)
    assert once
    assert [row.address.partition("@")[0] for row in ledger_of(engine)] == ["leaves", "stays"]
    with db.reading(engine) as connection:
        rows = connection.execute(select(tables.subscriber).order_by(tables.subscriber.c.id)).all()
    assert {row.address.partition("@")[0]: row.seen for row in rows} == {
        "joins": 0,
        "leaves": 1,
        "begins": 0,
        "stays": 1,
    }


def test_a_copy_stays_the_same_whatever_its_reader_chooses_meanwhile(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "reader@example.org")
    chooses(engine, "reader@example.org", "strategy")
    issue(engine, post(0))
    id_ = issue(engine, post(2, "Strategy"), post(1, "Docs"), post(0))
    with relaying() as sink:
        settings = settings_at(tmp_path, sink.url)
        assert send(engine, settings, id_) == {"accepted": 1}
        chooses(engine, "reader@example.org", "docs", rhythm="weekly", zone="Asia/Tokyo")
        with engine.begin() as connection:
            connection.execute(update(tables.delivery).values(state="uncertain"))
            control.requeue_uncertain(connection, id_, [], NOW)
        assert send(engine, settings, id_) == {"accepted": 1}
    first, second = sink.mails
    assert first.content == second.content
    assert links(first) == ["post-2"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_database_chooses_readers_as_a_copy_chooses_posts(engine: Engine) -> None:
    """Whatever posts there are and readers chose: there is a row for those whose mail would have something in it."""
    chance = random.Random(8)
    add_subscribers(engine, *(f"reader{number}@example.org" for number in range(60)))
    slugs = [topic.slug for topic in TOPICS]
    posts: list[Item] = []
    for turn in range(12):
        count = chance.randint(1, 3)
        posts = [
            *(post(9 * turn + n, *chance.sample([t.name for t in TOPICS], chance.randint(0, 2))) for n in range(count)),
            *posts,
        ]
        with engine.begin() as connection:
            for row in connection.execute(select(tables.subscriber)).all():
                chosen = Choices(tuple(chance.sample(slugs, chance.randint(0, 2))), chance.choice(["each", "weekly"]))
                choose(connection, row.id, chosen)
        id_ = issue(engine, *posts)
        with db.reading(engine) as connection:
            people = connection.execute(select(tables.subscriber)).all()
            letter = letter_of(ledger.issue_row(connection, id_))
        expected = {
            row.id: (row.topics, row.seen)
            for row in people
            if row.rhythm == "each" and letter.theirs(topics_of(row.topics), row.seen).posts
        }
        freeze(engine, id_)
        rows = [row for row in ledger_of(engine) if row.issue_id == id_]
        assert {row.subscriber_id: (row.topics, row.since) for row in rows} == expected
        with db.reading(engine) as connection:
            seen = {row.id: (row.rhythm, row.seen) for row in connection.execute(select(tables.subscriber))}
        last = max(number for _, number in seen.values())
        assert {number for rhythm, number in seen.values() if rhythm == "each"} == {last}


@pytest.mark.parametrize(
    ("tags", "slugs"),
    [
        (["Tools & trades"], ["tools"]),
        (["TOOLS & TRADES", "Funnels and Roads", "Docs"], ["tools", "funnels-and-roads", "docs"]),
        (["Strategy", "strategy", "!!!", ""], ["strategy"]),
        ([], []),
    ],
)
def test_a_tag_is_the_topic_of_that_name(tags: Sequence[str], slugs: list[str]) -> None:
    assert topics_of_tags(tags, TOPICS) == slugs
