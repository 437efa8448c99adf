"""When an issue is sent: now, at a time, by whoever looks every few minutes; and first to oneself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from commands import POST, Run, store_of
from relays import add_issue, add_subscribers, ledger_of, readers, relaying
from sqlalchemy import Engine, select, update

from milepost import db
from milepost.newsletter import erasure, tables
from sites import Site

SECRET = "a secret of tests"


def states(engine: Engine) -> dict[str, str]:
    with db.reading(engine) as connection:
        return {row.id: row.state for row in connection.execute(select(tables.issue))}


def is_to_be_sent(engine: Engine, id_: str, **ago: float) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(tables.issue).where(tables.issue.c.id == id_).values(send_at=datetime.now(UTC) - timedelta(**ago))
        )


def test_an_issue_with_a_time_is_sent_by_whoever_looks_then(site: Site, run: Run) -> None:
    engine = store_of(site)
    add_subscribers(engine, *readers(2))
    id_ = add_issue(engine)
    said = "will be sent at 2999-01-31T08:00+01:00, by `milepost newsletter send`\n"
    assert run(site, "send", id_, "--at", "2999-01-31T08:00", "--dry-run")[1] == said.replace("will", "would")
    assert states(engine) == {id_: "draft"}
    assert run(site, "send", id_, "--at", "2999-01-31T08:00") == (0, said, "")
    assert run(site, "status") == (0, f"{id_}  scheduled  for 2999-01-31T07:00+00:00\n", "")
    assert run(site, "send", id_, "--in", "10")[0] == 0, "another time, while it waits"
    with relaying() as sink:
        assert run(site, "send", MILEPOST_SMTP_URL=sink.url) == (0, "nothing is due\n", "")
        is_to_be_sent(engine, id_, minutes=170)
        assert run(site, "send", MILEPOST_SMTP_URL=sink.url) == (0, "2 accepted\n", "")
        assert run(site, "send", MILEPOST_SMTP_URL=sink.url) == (0, "nothing is due\n", "")
    assert sorted(sink.recipients()) == readers(2)
    assert run(site, "send", id_, "--in", "1")[2] == (
        f"issue {id_} is done; only what was not sent yet can be given a time\n"
    )  # fmt: skip


def test_an_issue_that_is_far_too_late_waits_for_a_word_and_one_that_waits_can_be_cancelled(
    site: Site, run: Run
) -> None:
    engine = store_of(site)
    add_subscribers(engine, *readers(1))
    id_ = add_issue(engine)
    run(site, "send", id_, "--in", "10")
    is_to_be_sent(engine, id_, hours=3, minutes=1)
    status, out, err = run(site, "send")
    assert (status, out) == (0, "nothing is due\n")
    assert err.startswith(f"issue {id_} was to be sent at ")
    assert err.endswith(f", and was not; `milepost newsletter send {id_}` sends it now\n")
    assert states(engine) == {id_: "draft"}
    assert run(site, "send") == (0, "nothing is due\n", ""), "said once"
    run(site, "send", id_, "--in", "10")
    assert run(site, "cancel", id_) == (0, "skipped 0\n", "")
    assert states(engine) == {}
    assert ledger_of(engine) == []


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (["x", "--at", "2020-01-01"], 1, "2020-01-01T00:00+01:00 is past; say a time to come\n"),
        (["x", "--in", "5"], 1, "no issue x; make one with `milepost newsletter issue`\n"),
        (["x", "--at", "soon"], 2, '"soon" is no time; write it like 2026-01-31T08:00'),
        (["--in", "5"], 2, "say which issue"),
        (["x", "--in", "5", "--test", "a@example.org"], 2, "say one of --at, --in and --test"),
        (["x", "--test", "nobody"], 1, "An email address must have an @-sign.\n"),
    ],
)
def test_a_time_or_a_test_that_cannot_be_is_said(
    arguments: list[str], status: int, why: str, site: Site, run: Run
) -> None:
    ended, out, err = run(site, "send", *arguments)
    assert (ended, out, why in err) == (status, "", True), err


def test_a_test_goes_to_whom_it_names_and_changes_nothing(site: Site, run: Run) -> None:
    engine = store_of(site)
    add_subscribers(engine, *readers(2))
    id_ = add_issue(engine)
    before = everything(engine)
    with relaying() as sink:
        to = ["--test", "me@example.net", "--test", "you@example.net"]
        status, out, err = run(site, "send", id_, *to, MILEPOST_SMTP_URL=sink.url, MILEPOST_SECRET=SECRET)
        assert (status, out.count("\n"), err) == (0, 2, "")
        assert sink.recipients() == ["me@example.net", "you@example.net"]
        assert {str(mail.message["Subject"]) for mail in sink.mails} == {"Test: Post 1"}
        assert everything(engine) == before
        with engine.begin() as connection:
            erasure.suppress(connection, SECRET.encode(), "me@example.net", "erased", datetime.now(UTC))
        again = run(site, "send", id_, *to, MILEPOST_SMTP_URL=sink.url, MILEPOST_SECRET=SECRET)
        assert again == (1, "", "one of these addresses was erased, and is not mailed; name others\n")
        assert len(sink.mails) == 2


def everything(engine: Engine) -> list[object]:
    with db.reading(engine) as connection:
        return [connection.execute(select(table)).all() for table in tables.metadata.sorted_tables]


@pytest.mark.parametrize("site", ["sqlite", "postgresql"], indirect=True)
def test_whoever_looks_makes_the_digests_that_are_due_and_a_bad_feed_holds_nobody_back(site: Site, run: Run) -> None:
    engine, now = store_of(site), datetime.now(UTC)
    add_subscribers(engine, *readers(3))
    # Where it is about nine.
    offset = (9 - now.hour + 12) % 24 - 12
    zone = f"Etc/GMT{-offset:+d}"
    with engine.begin() as connection:
        digest = tables.subscriber.c.id > 1
        connection.execute(update(tables.subscriber).where(digest).values(rhythm="daily", zone=zone, topics=";a;"))
        connection.execute(update(tables.subscriber).where(tables.subscriber.c.id > 2).values(topics=";b;"))
    site.write({"feed.json": json.dumps({"items": [POST | {"tags": ["A"]}]})})
    site.conf = 'NEWSLETTER_FEED = "feed.json"'
    day = (now + timedelta(hours=offset)).date()
    with relaying() as sink:
        would = run(site, "send", "--dry-run", MILEPOST_SMTP_URL=sink.url)
        assert would == (0, f"would make {day}-daily\nnothing is due\n", "")
        assert states(engine) == {}
        assert run(site, "send", MILEPOST_SMTP_URL=sink.url) == (0, "1 accepted\n", "")
        assert sink.recipients() == [readers(3)[1]]
        id_ = run(site, "issue")[1].strip()
        run(site, "send", id_, "--in", "1")
        is_to_be_sent(engine, id_, minutes=0)
        site.write({"feed.json": "{"})
        status, out, err = run(site, "send", MILEPOST_SMTP_URL=sink.url)
        assert (status, out, err.startswith("feed.json:1: ")) == (1, "1 accepted\n", True)
        assert sink.recipients() == [readers(3)[1], readers(3)[0]]
