"""An issue under way: held, let go on, ended, sent again where it is uncertain; sent no faster than was said."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from relays import CUT, add_issue, add_subscribers, item, ledger_of, readers, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine, event, select, update

from milepost import db
from milepost.newsletter import control, delivery, history, ledger, store, tables
from milepost.newsletter.mail import Letterhead
from milepost.newsletter.model import NewsletterError
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.pace import Pace
from milepost.settings import Settings

SECRET = b"a secret of tests"
WAITS = {"state": "deferred", "attempts": 0, "due_at": NOW}


def send(engine: Engine, settings: Settings, issue_id: str, now: datetime = NOW, **more: Any) -> Counter[str]:
    return asyncio.run(delivery.send(engine, settings, issue_id, clock=lambda: now, **more))


def change(engine: Engine, what: Callable[..., Any], *arguments: Any) -> Any:
    with engine.begin() as connection:
        return what(connection, *arguments)


def issue_states(engine: Engine) -> list[str]:
    with db.reading(engine) as connection:
        return list(connection.execute(select(tables.issue.c.state)).scalars())


def test_a_paused_issue_hands_nothing_over_until_it_is_resumed(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(60))
    id_, taken = add_issue(engine), []

    def answer(stage: str, recipient: str) -> None:
        if stage == "DOT":
            taken.append(recipient)
            if len(taken) == 10:
                change(engine, control.pause, id_)

    with relaying(answer) as sink:
        settings = settings_at(tmp_path, sink.url)
        counts = send(engine, settings, id_)
        # What was armed when it was paused was on its way; nothing has been armed since.
        assert 10 <= counts["accepted"] <= 10 + 4 and counts == {"accepted": len(taken), "queued": 60 - len(taken)}
        assert issue_states(engine) == ["paused"]
        with pytest.raises(NewsletterError, match=rf"^issue {id_} is paused; `milepost newsletter resume {id_}` lets"):
            send(engine, settings, id_)
        with pytest.raises(NewsletterError, match=r"only an issue that is being sent can be paused$"):
            change(engine, control.pause, id_)
        change(engine, control.resume, id_)
        assert send(engine, settings, id_) == {"accepted": 60}
    assert sorted(sink.recipients()) == sorted(readers(60))


def test_who_leaves_between_lease_and_handing_over_gets_nothing(engine: Engine, tmp_path: Path) -> None:
    """One click, answered within the second, also in the middle of sending."""
    add_subscribers(engine, *readers(30))
    id_, gone = add_issue(engine), readers(30)[20:]

    def answer(stage: str, recipient: str) -> None:
        if stage == "DOT" and recipient == readers(30)[0]:
            # All thirty are leased by now.
            for number in range(21, 31):
                change(engine, store.unsubscribe, number, NOW)

    with relaying(answer) as sink:
        assert send(engine, settings_at(tmp_path, sink.url), id_) == {"accepted": 20, "skipped": 10}
    assert set(gone) & set(sink.recipients()) == set()


def test_a_cancelled_issue_ends_and_one_that_was_never_sent_is_removed(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(3))
    id_ = add_issue(engine)
    with relaying(lambda stage, reader: "450 later" if (stage, reader) == ("RCPT", readers(3)[1]) else None) as sink:
        send(engine, settings_at(tmp_path, sink.url), id_)
        assert change(engine, control.cancel, id_, NOW) == 1
        assert send(engine, settings_at(tmp_path, sink.url), id_) == {"accepted": 2, "skipped": 1}
    assert [row.reply for row in ledger_of(engine) if row.state == "skipped"] == ["the issue was cancelled"]
    assert issue_states(engine) == ["done"]
    with pytest.raises(NewsletterError, match="is done; there is nothing to cancel"):
        change(engine, control.cancel, id_, NOW)
    draft = add_issue(engine, item(2), item(1), now=NOW + timedelta(days=1))
    assert change(engine, control.cancel, draft, NOW) == 0
    assert issue_states(engine) == ["done"]


def test_an_uncertain_mail_is_sent_again_on_request_as_the_same_bytes(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(3))
    id_, poor = add_issue(engine), readers(3)[1]
    with relaying(lambda stage, reader: CUT if (stage, reader) == ("DOT", poor) else None) as sink:
        assert send(engine, settings_at(tmp_path, sink.url), id_) == {"accepted": 2, "uncertain": 1}
    with pytest.raises(NewsletterError, match=r"^stranger@example\.org: not uncertain; see"):
        change(engine, control.requeue_uncertain, id_, ["stranger@example.org"], NOW)
    assert change(engine, control.requeue_uncertain, id_, [poor], NOW) == 1
    with relaying() as again:
        # Under another name by now: what was frozen is sent.
        changed = settings_at(tmp_path, again.url, "https://moved.example")
        assert send(engine, changed, id_, NOW + timedelta(days=9)) == {"accepted": 3}
        assert change(engine, control.requeue_uncertain, id_, [], NOW) == 0
    [first] = [mail for mail in sink.mails if mail.recipient == poor]
    [second] = again.mails
    assert second == first


def test_a_domain_that_has_had_its_share_waits_and_holds_nobody_back(engine: Engine, tmp_path: Path) -> None:
    slow, quick = [f"a{number}@Slow.example" for number in range(8)], readers(120)
    add_subscribers(engine, *slow, *quick)
    id_ = add_issue(engine)
    with relaying() as sink:
        settings = settings_at(tmp_path, sink.url)
        ours = settings.of(NewsletterSettings).model_copy(update={"domain_rates": {"slow.example": 1200}})
        settings = settings.model_copy(update={"models": {"newsletter": ours}})
        begun = datetime.now(NOW.tzinfo)
        assert asyncio.run(delivery.send(engine, settings, id_)) == {"accepted": 128}
        seconds = (datetime.now(NOW.tzinfo) - begun).total_seconds()
    assert sorted(sink.recipients()) == sorted([one.replace("Slow", "slow") for one in slow] + quick)
    # Eight slots of 50 ms begin at once and end after seven gaps.
    assert seconds >= 7 * 0.05


def test_mails_to_the_relay_keep_their_distance() -> None:
    now, slept = [100.0], []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    async def turns() -> None:
        pace = Pace(600, {}, lambda: now[0], sleep)
        for _ in range(3):
            await pace.turn()
        now[0] += 5
        await pace.turn()

    asyncio.run(turns())
    assert slept == [0.1, 0.1]


def test_everything_that_was_sent_to_an_address_is_told_and_on_what_consent(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        store.sign_up(connection, "reader@example.org", "blog", None, "/first/", "en", NOW - timedelta(days=2))
        store.confirm(connection, 1, NOW - timedelta(days=1))
    id_ = add_issue(engine)
    with relaying() as sink:
        send(engine, settings_at(tmp_path, sink.url), id_)
    with db.reading(engine) as connection:
        told = history.history_of(connection, SECRET, "Reader@example.org")
        assert history.history_of(connection, SECRET, "stranger@example.org") == []
    json.dumps(told)
    assert [(row["kind"], row["at"][:10]) for row in told] == [
        ("consent", "2026-01-13"), ("notice", "2026-01-13"), ("consent", "2026-01-14"), ("state", "2026-01-14"),
        ("mail", "2026-01-15"),
    ]  # fmt: skip
    assert told[0]["what"].startswith("asked on /first/: “You ask for new articles by mail.")
    facts: dict[str, Any] = {
        "state": "accepted",
        "message_id": f"<{id_}.1@site.example>",
        "reply": "250 queued as 1",
        "issue": id_,
    }
    url, agreed = "https://site.example/post-1/", NOW - timedelta(days=1)
    facts |= {"at": NOW.isoformat(), "kind": "mail", "posts": [url], "consent": agreed.isoformat()}
    said = f"on the consent of 2026-01-14, {facts['message_id']}: accepted: 250 queued as 1"
    assert told[-1] == {**facts, "what": f"issue {id_}, “Post 1”, with {url}, {said}"}


def test_every_issue_of_which_a_mail_is_due_is_under_way(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "reader@example.org")
    id_ = add_issue(engine)
    assert delivery.under_way(engine, NOW) == []
    with relaying(lambda stage, _: "450 later" if stage == "RCPT" else None) as sink:
        send(engine, settings_at(tmp_path, sink.url), id_)
    assert delivery.under_way(engine, NOW) == []
    assert delivery.under_way(engine, NOW + delivery.FIRST_PAUSE) == [id_]
    # As a sender leaves it that was killed.
    change(engine, lambda connection: connection.execute(update(tables.delivery).values(state="armed", due_at=None)))
    assert delivery.under_way(engine, NOW) == [id_]


def test_a_sender_that_lost_its_lock_takes_nothing_back_from_who_had_it_since(engine: Engine) -> None:
    add_subscribers(engine, *readers(2))
    id_ = add_issue(engine)
    head = Letterhead("Letters", "letters@site.example", "", "A site", "https://site.example")
    change(engine, ledger.freeze, id_, head, NOW)
    change(engine, ledger.begin, id_)
    leases, _ = change(engine, ledger.lease, id_, SECRET, 9, NOW)
    # Another took over, and sent the first.
    change(engine, ledger.take_over, id_, NOW)
    [again, _], _ = change(engine, ledger.lease, id_, SECRET, 9, NOW)
    change(engine, ledger.arm, [again], NOW)
    change(engine, ledger.settle, [ledger.Outcome(again.id, "accepted", "250", 1)], NOW)
    assert change(engine, ledger.arm, leases[:1], NOW) == {leases[0].id: "skipped"}
    change(engine, ledger.settle, [ledger.Outcome(leases[0].id, "rejected", "550", 1)], NOW)
    assert [(row.state, row.reply) for row in ledger_of(engine)] == [("accepted", "250"), ("leased", "")]


def test_a_relay_that_is_away_for_days_gives_up_nobody(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "reader@example.org")
    id_, now = add_issue(engine), NOW
    with relaying(lambda stage, _: "550 who are you" if stage == "MAIL" else None) as sink:
        settings = settings_at(tmp_path, sink.url)
        for _ in range(delivery.MOST_ATTEMPTS + 3):
            assert send(engine, settings, id_, now) == {"deferred": 1}
            [row] = ledger_of(engine)
            assert row.due_at - now <= delivery.LONGEST_PAUSE
            now = row.due_at
    with relaying() as sink:
        assert send(engine, settings_at(tmp_path, sink.url), id_, now) == {"accepted": 1}


@contextmanager
def asked(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that counts rows, with its values."""
    found: list[tuple[str, Any]] = []

    def keep(connection: Any, cursor: Any, statement: str, values: Any, *_: object) -> None:
        if "count(" in statement:
            found.append((statement, values))

    event.listen(engine, "before_cursor_execute", keep)
    yield found
    event.remove(engine, "before_cursor_execute", keep)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_rate_holds_over_all_connections_and_an_issue_without_a_postal_address_is_said(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_subscribers(engine, *readers(8))
    with relaying() as sink, caplog.at_level(logging.WARNING, "milepost"):
        settings = settings_at(tmp_path, sink.url)
        ours = settings.of(NewsletterSettings).model_copy(update={"rate": 1200, "postal_address": ""})
        nowhere = settings.model_copy(update={"models": {"newsletter": ours}})
        begun = time.monotonic()
        assert asyncio.run(delivery.send(engine, nowhere, add_issue(engine))) == {"accepted": 8}
        # Eight slots of 50 ms, over four connections.
        assert time.monotonic() - begun >= 7 * 0.05
        assert [message.partition(" is empty")[0] for message in caplog.messages] == ["NEWSLETTER_POSTAL_ADDRESS"]
        caplog.clear()
        asyncio.run(delivery.send(engine, settings, add_issue(engine, item(2))))
    assert caplog.messages == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_counts_are_walks_of_an_index(engine: Engine, tmp_path: Path) -> None:
    """PostgreSQL decides by the table's size."""
    add_subscribers(engine, *readers(3))
    id_ = add_issue(engine)
    with relaying(lambda stage, reader: "450 later" if stage == "DOT" and "0" in reader else None) as sink:
        send(engine, settings_at(tmp_path, sink.url), id_)
    with engine.begin() as connection:
        connection.execute(update(tables.delivery).where(tables.delivery.c.subscriber_id == 3).values(WAITS))
    with asked(engine) as statements, db.reading(engine) as connection:
        assert ledger.counts(connection, id_) == {"accepted": 1, "deferred": 1, "waiting": 1}
        plans = [
            " ".join(row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))
            for statement, values in list(statements)
        ]
    assert len(plans) == 2
    assert "COVERING INDEX ix_delivery_work (issue_id=?)" in plans[0]
    assert "INDEX ix_delivery_work (issue_id=? AND state=?" in plans[1]


def test_progress_counts_rows_once_and_adds_what_is_settled(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(60))
    told: list[tuple[int, int]] = []
    with relaying(lambda stage, reader: "550 no" if stage == "RCPT" and "7" in reader else None) as sink:
        settings, id_ = settings_at(tmp_path, sink.url), add_issue(engine)
        with asked(engine) as statements:
            send(engine, settings, id_, progress=lambda settled, total: told.append((settled, total)))
    assert (told[0], told[-1]) == ((0, 60), (60, 60))
    assert len(set(told)) == 61, "each mail is told"
    assert [settled for settled, _ in told] == sorted(settled for settled, _ in told)
    assert len(statements) == 2, "at the beginning and at the end"
