"""Everybody gets an issue once: whoever leaves, whatever a relay says, and whenever the sender is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import BOTH_AT_LENGTH
from relays import (
    CUT,
    Answer,
    Sink,
    add_issue,
    add_subscribers,
    item,
    ledger_of,
    readers,
    relaying,
    settings_at,
)
from signups import NOW
from sqlalchemy import Engine, insert, select, update

from milepost import db
from milepost.newsletter import delivery, ledger, store, tables
from milepost.newsletter.delivery import FIRST_PAUSE, MOST_ATTEMPTS, AlreadySending
from milepost.newsletter.mail import Letterhead
from milepost.newsletter.model import NewsletterError
from milepost.settings import Settings
from sites import Site

SECRET = b"a secret of tests"
HEAD = Letterhead("Letters", "letters@site.example", "1 Example Street", "A site", "https://site.example")


def send(engine: Engine, settings: Settings, issue_id: str, now: datetime = NOW, **more: Any) -> Counter[str]:
    return asyncio.run(delivery.send(engine, settings, issue_id, clock=lambda: now, **more))


def issue_state(engine: Engine) -> str:
    with db.reading(engine) as connection:
        return str(connection.execute(select(tables.issue.c.state)).scalar_one())


def leaves(engine: Engine, address: str) -> None:
    with engine.begin() as connection:
        id_ = connection.execute(select(tables.subscriber.c.id).where(tables.subscriber.c.address == address))
        store.unsubscribe(connection, id_.scalar_one(), NOW)


def freeze(engine: Engine, issue_id: str) -> None:
    with engine.begin() as connection:
        ledger.freeze(connection, issue_id, HEAD, NOW)


def test_everybody_active_gets_it_once_and_again_sends_nothing(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(300))
    for state in ("pending", "unsubscribed", "bounced", "complained"):
        add_subscribers(engine, f"{state}@example.org", state=state)
    id_, seen = add_issue(engine), []
    with relaying() as sink:
        settings = settings_at(tmp_path, sink.url)
        assert send(engine, settings, id_, progress=lambda *how_far: seen.append(how_far)) == {"accepted": 300}
        assert issue_state(engine) == "done"
        assert send(engine, settings, id_) == {"accepted": 300}
    assert sorted(sink.recipients()) == sorted(readers(300))
    assert sink.connections == 4
    assert (seen[0], seen[-1], seen) == ((0, 300), (300, 300), sorted(seen))
    assert {settled for settled, _ in seen} == set(range(301))
    assert {row.reply for row in ledger_of(engine)} == {f"250 queued as {number}" for number in range(1, 301)}


def test_who_left_after_the_freezing_is_skipped_and_who_came_gets_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 50)
    add_subscribers(engine, *readers(120))
    id_ = add_issue(engine)
    freeze(engine, id_)
    # The first batch, all of it, and one of a later batch.
    gone = [*readers(120)[: delivery.BATCH], readers(120)[100]]
    for address in gone[:-1]:
        leaves(engine, address)
    with engine.begin() as connection:
        erased = {"hash": store.address_hash(SECRET, gone[-1]), "reason": "erased", "at": NOW}
        connection.execute(insert(tables.suppression).values(erased))
    add_subscribers(engine, "late@example.org")
    with relaying() as sink:
        assert send(engine, settings_at(tmp_path, sink.url), id_) == {"accepted": 69, "skipped": 51}
    assert sorted(sink.recipients()) == sorted(set(readers(120)) - set(gone))
    assert issue_state(engine) == "done"


def test_nobody_to_send_to_is_done(engine: Engine, tmp_path: Path) -> None:
    assert send(engine, settings_at(tmp_path, None), add_issue(engine)) == {}
    assert issue_state(engine) == "done"


def test_an_issue_is_as_it_was_frozen(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(2))
    id_ = add_issue(engine)
    with relaying(lambda stage, reader: "450 later" if stage == "RCPT" and reader == readers(2)[1] else None) as sink:
        send(engine, settings_at(tmp_path, sink.url), id_)
    with relaying() as again:
        send(engine, settings_at(tmp_path, again.url), id_, NOW + timedelta(days=1))
    first, second = sink.mails[0].message, again.mails[0].message
    assert {name: (first[name], second[name]) for name in ("Date", "Subject")} == {
        name: (first[name], first[name]) for name in ("Date", "Subject")
    }
    assert second["Message-ID"] == ledger_of(engine)[1].message_id


def test_a_second_sender_is_refused_and_sends_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("milepost.newsletter.scribe.LOCK_SECONDS", 0.0)
    add_subscribers(engine, *readers(2))
    id_ = add_issue(engine)
    others = [settings_at(tmp_path, "smtp://127.0.0.1:9")]
    if engine.dialect.name == "postgresql":
        # As from another machine, which has a folder of its own.
        others.append(settings_at(tmp_path / "elsewhere", "smtp://127.0.0.1:9"))
    refused: list[str] = []

    def answer(stage: str, recipient: str) -> None:
        if stage == "DOT":
            for other in others:
                # In a thread, since this one runs the relay's loop.
                thread = threading.Thread(target=second, args=[other])
                thread.start()
                thread.join()

    def second(settings: Settings) -> None:
        with pytest.raises(AlreadySending) as error:
            send(engine, settings, id_)
        refused.append(str(error.value))

    with relaying(answer) as sink:
        settings = settings_at(tmp_path, sink.url)
        assert send(engine, settings, id_) == {"accepted": 2}
        assert refused == ["another process is sending; wait for it, or stop it"] * 2 * len(others)
        # And the lock is free again.
        assert send(engine, settings, id_) == {"accepted": 2}
    assert sorted(sink.recipients()) == readers(2)


def test_a_deferred_mail_is_due_again_after_its_pause(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(2))
    id_ = add_issue(engine)
    busy = ["450 greylisted"]
    poor = readers(2)[0]
    with relaying(lambda stage, reader: busy[0] if busy and (stage, reader) == ("RCPT", poor) else None) as sink:
        settings = settings_at(tmp_path, sink.url)
        assert send(engine, settings, id_) == {"accepted": 1, "deferred": 1}
        assert ledger_of(engine)[0].due_at == NOW + FIRST_PAUSE
        busy.clear()
        early, due = NOW + FIRST_PAUSE - timedelta(seconds=1), NOW + FIRST_PAUSE
        assert send(engine, settings, id_, early) == {"accepted": 1, "deferred": 1}
        assert issue_state(engine) == "sending"
        assert send(engine, settings, id_, due) == {"accepted": 2}
    assert sink.recipients() == [readers(2)[1], poor]
    assert issue_state(engine) == "done"


def test_a_mail_that_is_deferred_for_too_long_is_rejected(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "reader@example.org")
    id_, now, pauses = add_issue(engine), NOW, []
    with relaying(lambda stage, _: "450 later" if stage == "RCPT" else None) as sink:
        settings = settings_at(tmp_path, sink.url)
        for attempt in range(1, MOST_ATTEMPTS):
            assert send(engine, settings, id_, now) == {"deferred": 1}
            [row] = ledger_of(engine)
            assert row.attempts == attempt
            pauses.append(row.due_at - now)
            now = row.due_at
        assert send(engine, settings, id_, now) == {"rejected": 1}
        assert send(engine, settings, id_, now + timedelta(days=9)) == {"rejected": 1}
    assert MOST_ATTEMPTS == 6
    assert pauses == [FIRST_PAUSE * 2**power for power in range(5)]
    assert [(row.attempts, row.reply, row.due_at) for row in ledger_of(engine)] == [(6, "450 later", None)]
    assert issue_state(engine) == "done"


def test_who_leaves_while_deferred_is_skipped(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "reader@example.org")
    id_ = add_issue(engine)
    with relaying(lambda stage, _: "450 later" if stage == "RCPT" else None) as sink:
        settings = settings_at(tmp_path, sink.url)
        send(engine, settings, id_)
        leaves(engine, "reader@example.org")
        assert send(engine, settings, id_, NOW + FIRST_PAUSE) == {"skipped": 1}
    assert sink.mails == []


@pytest.mark.parametrize(
    ("left_as", "becomes", "gets"),
    [("queued", "accepted", 1), ("leased", "accepted", 1), ("armed", "uncertain", 0), ("uncertain", "uncertain", 0)],
)
def test_a_successor_sends_what_was_leased_and_never_what_was_armed(
    left_as: str, becomes: str, gets: int, engine: Engine, tmp_path: Path
) -> None:
    add_subscribers(engine, "reader@example.org")
    id_ = add_issue(engine)
    freeze(engine, id_)
    with engine.begin() as connection:
        connection.execute(update(tables.delivery).values(state=left_as))
    with relaying() as sink:
        for _ in range(2):
            assert send(engine, settings_at(tmp_path, sink.url), id_) == {becomes: 1}
    assert len(sink.mails) == gets
    with db.reading(engine) as connection:
        named = [(row.address, row.message_id) for row in ledger.uncertain(connection, id_)]
    assert named == ([("reader@example.org", f"<{id_}.1@site.example>")] if becomes == "uncertain" else [])


def test_another_issues_armed_mail_is_left_to_its_own_successor(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, "reader@example.org")
    first = add_issue(engine)
    freeze(engine, first)
    with engine.begin() as connection:
        connection.execute(update(tables.delivery).values(state="armed"))
    second = add_issue(engine, item(2), item(1), now=NOW + timedelta(days=1))
    with relaying() as sink:
        assert send(engine, settings_at(tmp_path, sink.url), second) == {"accepted": 1}
    assert [row.state for row in ledger_of(engine)] == ["armed", "accepted"]


def test_an_issue_that_is_none_names_those_there_are(engine: Engine, tmp_path: Path) -> None:
    settings = settings_at(tmp_path, None)
    with pytest.raises(NewsletterError, match=r"^no issue x; make one with `milepost newsletter issue`$"):
        send(engine, settings, "x")
    id_ = add_issue(engine)
    with pytest.raises(NewsletterError, match=rf"^no issue x; there are: {id_}$"):
        send(engine, settings, "x")


@contextmanager
def child(site: Site, engine: Engine, url: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    """`milepost newsletter …` of a site, in a process of its own."""
    env = {
        **os.environ,
        "MILEPOST_SETTINGS": str(site.settings_file),
        "MILEPOST_VAR": str(site.root / "var"),
        "MILEPOST_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "MILEPOST_SMTP_URL": url,
    }
    line = [sys.executable, "-m", "milepost.cli", "newsletter", *command]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, cwd=site.root, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def output_of(site: Site, engine: Engine, url: str, *command: str) -> tuple[int, str, str]:
    with child(site, engine, url, *command) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def wait_for(sink: Sink, number: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while len(sink.mails) < number and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "site" / "content").mkdir(parents=True)
    return Site(tmp_path / "site")


@pytest.mark.parametrize("engine", BOTH_AT_LENGTH, indirect=True)
def test_a_sender_killed_with_a_mail_on_its_way_names_that_one(engine: Engine, site: Site) -> None:
    add_subscribers(engine, *readers(5))
    id_, site.conf = add_issue(engine), "NEWSLETTER_CONNECTIONS = 1"
    # The third mail is taken, and its answer takes too long for the sender's life.
    with relaying(slow_after(2)) as sink, child(site, engine, sink.url, "send", id_) as process:
        wait_for(sink, 2, process)
        deadline = time.monotonic() + 10
        while [row.state for row in ledger_of(engine)][2] != "armed":
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with relaying() as successor:
        status, out, err = output_of(site, engine, successor.url, "send", id_)
    assert (status, out, err) == (1, "4 accepted, 1 uncertain\n", "")
    assert successor.recipients() == readers(5)[3:]
    named = [(row.address, row.reply) for row in ledger_of(engine) if row.state == "uncertain"]
    assert named == [(readers(5)[2], "the sender died while handing it over")]


def slow_after(number: int) -> Answer:
    """Takes that many mails, and then ends the connection as late as it can."""
    taken = iter(range(number))

    def answer(stage: str, recipient: str) -> str | None:
        if stage == "DOT" and next(taken, None) is None:
            time.sleep(1)
            return CUT
        return None

    return answer


@pytest.mark.parametrize("engine", BOTH_AT_LENGTH, indirect=True)
def test_ctrl_c_is_no_traceback_and_the_successor_goes_on(engine: Engine, site: Site) -> None:
    add_subscribers(engine, *readers(20))
    id_ = add_issue(engine)
    with relaying(pause=0.01) as sink:
        with child(site, engine, sink.url, "send", id_) as process:
            wait_for(sink, 3, process)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=10)
        assert process.returncode != 0
        assert "Traceback" not in err
        assert "@example.org" not in out + err
        output_of(site, engine, sink.url, "send", id_)
    uncertain = [row.address for row in ledger_of(engine) if row.state == "uncertain"]
    # Told gently, it waits for the mails that are on their way.
    assert uncertain == []
    assert Counter(sink.recipients()) == dict.fromkeys(readers(20), 1)
