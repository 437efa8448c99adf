"""What comes back, by a real Exim's bounces and by hand: who is gone, who complained, and what nobody can read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from exim import exim_before
from relays import add_issue, add_subscribers, item, readers, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine, insert, select, update

from milepost import db
from milepost.newsletter import copies, delivery, history, reports, returns, store, tables
from milepost.newsletter.model import NewsletterError
from milepost.newsletter.reports import Return, Unreadable, exact_status

SECRET = b"a secret of tests"
BOUNCES = "letters@site.example"
known = partial(copies.delivery_of, secret=SECRET)


def states(engine: Engine) -> dict[str, str]:
    with db.reading(engine) as connection:
        return {row.address: row.state for row in store.all_subscribers(connection)}


def maildir(root: Path, *contents: str) -> Path:
    for folder in ("new", "cur", "tmp"):
        (root / "returned" / folder).mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(contents):
        (root / "returned" / "new" / f"{number}.mail").write_text(content)
    return root / "returned"


def dsn(
    to: str, status: str, diagnostic: str = "", action: str = "failed", envelope: str = "", headers: str = ""
) -> str:
    said = f"Diagnostic-Code: {diagnostic}\n" if diagnostic else ""
    id_ = f"Original-Envelope-Id: {envelope}\n" if envelope else ""
    return (
        f"From: <>\nTo: {to}\nSubject: it came back\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        f"Sorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n{id_}\n"
        f"Final-Recipient: rfc822; reader@example.org\nAction: {action}\nStatus: {status}\n{said}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n{headers}\n--b--\n"
    )


def arf(sender: str, kind: str = "abuse", original: str = "") -> str:
    return (
        "From: <fbl@mail.example>\nTo: letters@site.example\nSubject: complaint\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        f"Spam.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: x/1\nVersion: 1\n"
        f"{sender}\n--b\nContent-Type: message/rfc822\n\n{original}Subject: x\n\nhello\n--b--\n"
    )


def back_to(id_: int) -> str:
    return copies.return_address(BOUNCES, id_, SECRET)


def sent_to(engine: Engine, number: int) -> None:
    """One issue that a relay took for so many readers."""
    add_subscribers(engine, *readers(number))
    again(engine, 1)


def again(engine: Engine, post: int) -> None:
    made = add_issue(engine, *[item(count) for count in range(post, 0, -1)], now=NOW + timedelta(days=post))
    with engine.begin() as connection:
        same = {"issue_id": made, "state": "accepted", "message_id": "<x@y>", "reply": "250", "changed_at": NOW}
        rows = [{"subscriber_id": row.id, **same} for row in connection.execute(select(tables.subscriber.c.id))]
        connection.execute(insert(tables.delivery), rows)


ENVELOPE = back_to(1).partition("+")[2].partition("@")[0]
READ = {
    "no such user": (
        dsn(back_to(1), "5.1.1", "smtp; 550 5.1.1 nobody"),
        Return("hard", 1, "5.1.1", "550 5.1.1 nobody"),
    ),
    "the diagnosis is more exact": (
        dsn(back_to(1), "5.0.0", "smtp; 552 5.2.2 full"),
        Return("soft", 1, "5.2.2", "552 5.2.2 full"),
    ),
    "the status is more exact": (dsn(back_to(1), "5.1.1", "smtp; 550 no"), Return("hard", 1, "5.1.1", "550 no")),
    "policy is not the reader's": (dsn(back_to(1), "5.7.1"), Return("soft", 1, "5.7.1", "5.7.1")),
    "given up": (dsn(back_to(1), "4.4.1"), Return("soft", 1, "4.4.1", "4.4.1")),
    "a delay": (dsn(back_to(1), "4.4.1", action="delayed"), Return("nothing", 1)),
    "delivered": (dsn(back_to(1), "2.0.0", action="relayed (to mx)"), Return("nothing", 1)),
    "by ENVID": (dsn("postmaster@site.example", "5.1.1", envelope=ENVELOPE), Return("hard", 1, "5.1.1", "5.1.1")),
    "by what was sent": (
        dsn("postmaster@site.example", "5.1.1", headers=f"Return-Path: <{back_to(1)}>"),
        Return("hard", 1, "5.1.1", "5.1.1"),
    ),
    "upper case": (dsn(back_to(1).upper(), "5.1.1"), Return("hard", 1, "5.1.1", "5.1.1")),
    "a complaint": (arf(f"Original-Mail-From: <{back_to(1)}>\n"), Return("complaint", 1, "", "abuse")),
    "a complaint with the mail": (
        arf("", original=f"Return-Path: <{back_to(1)}>\n"),
        Return("complaint", 1, "", "abuse"),
    ),
    "no complaint": (arf(f"Original-Mail-From: <{back_to(1)}>\n", "not-spam"), Return("nothing", 1)),
    "a holiday": (f"To: {back_to(1)}\nAuto-Submitted: auto-replied\n\nOn the beach.\n", Return("nothing", None)),
}
UNREADABLE = {
    "somebody's own words": f"To: {back_to(1)}\nSubject: hello\n\nStop this!\n",
    "forged": dsn(back_to(1).replace("+1-", "+2-"), "5.1.1"),
    "of nobody": dsn("postmaster@site.example", "5.1.1"),
    "a complaint of nobody": arf(""),
    "nothing": "",
    "half of one": dsn(back_to(1), "5.1.1")[:300],
    "no recipient": 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n'
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n--b--\n",
}


@pytest.mark.parametrize(("content", "meant"), READ.values(), ids=READ.keys())
def test_a_report_means_what_it_says(content: str, meant: Return) -> None:
    assert reports.read_return(content.encode(), known) == meant


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_names_no_mail_of_ours_is_unreadable(content: str) -> None:
    with pytest.raises(Unreadable):
        reports.read_return(content.encode(), known)


@pytest.mark.parametrize(
    ("status", "diagnostic", "exact"),
    [
        ("5.1.1", "smtp; 550 5.0.0 x", "5.1.1"), ("5.0.0", "smtp; 550 5.1.1 x", "5.1.1"), ("", "smtp; 550 x", "5.0.0"),
        ("5.0.0", "smtp; 452 x", "4.0.0"), ("4.2.2", "", "4.2.2"), ("", "", "5.0.0"), ("5.1.0", "550-5.1.2 x", "5.1.2"),
    ],
)  # fmt: skip
def test_the_more_exact_of_status_and_diagnosis_counts(status: str, diagnostic: str, exact: str) -> None:
    assert exact_status(status, diagnostic) == exact


def test_a_maildir_is_taken_in_once_and_the_unreadable_is_kept_aside(engine: Engine, tmp_path: Path) -> None:
    sent_to(engine, 4)
    folder = maildir(
        tmp_path,
        dsn(back_to(1), "5.1.1"), dsn(back_to(2), "4.2.2"), arf(f"Original-Mail-From: <{back_to(3)}>\n"),
        "To: x\n\nwhat?\n", dsn(back_to(99), "5.1.1"),
    )  # fmt: skip
    assert returns.take_in(engine, folder, SECRET, NOW) == {
        "hard": 1, "soft": 1, "complaint": 1, "unreadable": 1, "nothing": 1,
    }  # fmt: skip
    gone = dict(zip(readers(4), ("bounced", "active", "complained", "active"), strict=True))
    assert states(engine) == gone
    assert [path.read_text() for path in (folder / ".unreadable/cur").iterdir()] == ["To: x\n\nwhat?\n"]
    # As after a kill between the commit and the move.
    for path in (folder / ".handled/cur").iterdir():
        path.rename(folder / "cur" / path.name)
    assert returns.take_in(engine, folder, SECRET, NOW) == {"known": 3, "nothing": 1}
    assert (states(engine), returns.take_in(engine, folder, SECRET, NOW)) == (gone, {})
    with db.reading(engine) as connection:
        told = [row["what"] for row in history.history_of(connection, SECRET, readers(4)[1]) if row["kind"] == "bounce"]
        assert told == ["issue 2026-01-16 came back: soft, 4.2.2"]
    with pytest.raises(NewsletterError, match=r"no maildir; it has no folders new and cur$"):
        returns.take_in(engine, tmp_path, SECRET, NOW)


def test_three_issues_in_a_row_that_come_back_softly_are_enough(engine: Engine, tmp_path: Path) -> None:
    sent_to(engine, 1)
    seen = []
    for number in range(1, 5):
        if number > 1:
            again(engine, number)
        # The second was delivered: the row begins anew.
        content = dsn(back_to(number), "4.2.2") if number != 2 else dsn(back_to(2), "2.0.0", action="delivered")
        returns.take_in(engine, maildir(tmp_path, content), SECRET, NOW)
        seen.append(states(engine)["reader0@example.org"])
    again(engine, 5)
    returns.take_in(engine, maildir(tmp_path, dsn(back_to(5), "4.2.2")), SECRET, NOW)
    assert [*seen, states(engine)["reader0@example.org"]] == ["active"] * 4 + ["bounced"]


def test_a_complaint_outweighs_a_bounce_and_neither_an_unsubscription(engine: Engine, tmp_path: Path) -> None:
    sent_to(engine, 2)
    with engine.begin() as connection:
        left = update(tables.subscriber).where(tables.subscriber.c.id == 2)
        connection.execute(left.values(state="unsubscribed"))
    complaint = arf(f"Original-Mail-From: <{back_to(1)}>\n")
    folder = maildir(tmp_path, dsn(back_to(1), "5.1.1"), complaint, dsn(back_to(2), "5.1.1"))
    returns.take_in(engine, folder, SECRET, NOW)
    assert list(states(engine).values()) == ["complained", "unsubscribed"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.peer
def test_the_bounces_of_a_real_exim_are_read(engine: Engine, tmp_path: Path) -> None:
    said = {
        "gone@example.org": "550 5.1.1 <gone@example.org> nobody of that name",
        "full@example.org": "552 5.2.2 mailbox full",
        "away@example.org": "450 4.2.1 come back later",
    }
    add_subscribers(engine, "reader@example.org", *said)
    id_ = add_issue(engine)
    answer: Callable[[str, str], str | None] = lambda stage, to: said.get(to) if stage == "RCPT" else None  # noqa: E731
    with relaying(answer) as sink, exim_before(sink.port) as exim:
        # Exim takes them all, and learns what becomes of them later.
        settings = settings_at(tmp_path, exim.url)
        assert asyncio.run(delivery.send(engine, settings, id_)) == {"accepted": 4}
        exim.wait_for(3)
        raw = [path.read_text() for path in exim.returned.glob("new/*")]
        counts = returns.take_in(engine, exim.returned, SECRET, NOW)
        assert sink.recipients() == ["reader@example.org"]
    # A relay that knows DSN says our number back, and takes no diagnosis for a status.
    assert all("Original-Envelope-ID: " in one and "message/delivery-status" in one for one in raw)
    assert counts == {"hard": 1, "soft": 2}
    assert states(engine) == {
        "away@example.org": "active", "full@example.org": "active", "gone@example.org": "bounced",
        "reader@example.org": "active",
    }  # fmt: skip
    with db.reading(engine) as connection:
        back = {row.status for row in connection.execute(select(tables.bounce))}
    assert back == {"5.1.1", "5.2.2", "4.2.1"}
