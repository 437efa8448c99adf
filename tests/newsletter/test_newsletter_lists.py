"""Lists as CSV: what becomes of each line, on both databases; and files that are none."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from signups import NOW
from sqlalchemy import Engine, select, update

from milepost import db
from milepost.newsletter import erasure, store, tables
from milepost.newsletter.lists import Report, give_out, summary, take_in
from milepost.newsletter.model import NewsletterError

SECRET = b"a secret of tests"
HEAD = "address,consent_at,consent_source,topics,rhythm,language"
TOPICS = ("docs", "tools")


def taken(engine: Engine, path: Path, *lines: str, head: str = HEAD, dry: bool = False) -> list[Report]:
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return list(take_in(engine, SECRET, path, TOPICS, "en", NOW, dry=dry))


def outcomes(reports: list[Report]) -> list[tuple[int, str]]:
    return [(report.line, report.outcome) for report in reports]


def rows(engine: Engine, table: Any) -> list[Any]:
    with db.reading(engine) as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def test_every_line_has_its_outcome_and_again_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        for address in ("known@example.org", "left@example.org", "late@example.org", "gone@example.org"):
            store.sign_up(connection, address, "blog", None, "/", "en", NOW)
        for id_ in (1, 2):
            store.confirm(connection, id_, NOW)
        store.unsubscribe(connection, 2, NOW)
        erasure.erase(connection, SECRET, 4, NOW)
    lines = [
        "new@example.org,2020-05-06T07:08:09+02:00,fair in Hamburg,tools;docs,weekly,de",
        "asked@example.org,,,docs,daily,",
        "Known@EXAMPLE.org,2020-05-06,paper,,,",
        "left@example.org,2020-05-06,paper,,,",
        "late@example.org,2020-05-06,paper,,,",
        "GONE@example.org,2020-05-06,paper,,,",
        "NEW@example.org,,,,,",
    ]
    expected = ["active", "asked", "known", "left", "active", "erased", "known"]
    assert outcomes(taken(engine, tmp_path / "dry.csv", *lines, dry=True)) == list(enumerate(expected, 2))
    assert len(rows(engine, tables.subscriber)) == 3
    reports = taken(engine, tmp_path / "a.csv", *lines)
    assert outcomes(reports) == list(enumerate(expected, 2))
    assert not [report for report in reports if "@" in report.reason]
    found = {row.address: (row.state, row.topics, row.rhythm, row.language) for row in rows(engine, tables.subscriber)}
    assert found == {
        "known@example.org": ("active", "", "each", "en"),
        "left@example.org": ("unsubscribed", "", "each", "en"),
        "late@example.org": ("active", "", "each", "en"),
        "new@example.org": ("active", ";tools;docs;", "weekly", "de"),
        "asked@example.org": ("pending", ";docs;", "daily", "en"),
    }
    given = datetime(2020, 5, 6, 5, 8, 9, tzinfo=UTC)
    new = next(row for row in rows(engine, tables.consent) if row.wording == "fair in Hamburg")
    assert (new.version, new.language, new.asked_at, new.confirmed_at) == ("imported", "de", given, given)
    before = rows(engine, tables.subscriber), rows(engine, tables.consent), rows(engine, tables.notice)
    again = taken(engine, tmp_path / "a.csv", *lines)
    assert summary(again) == {"known": 4, "asked": 1, "left": 1, "erased": 1}
    assert (rows(engine, tables.subscriber), rows(engine, tables.consent), rows(engine, tables.notice)) == before


def test_what_is_given_out_can_be_taken_in_elsewhere(engine: Engine, tmp_path: Path) -> None:
    line = 'jürgen@bücher.example,2020-05-06T07:08:09+00:00,"fair, hall ""4""",docs;tools,weekly,de'
    taken(engine, tmp_path / "a.csv", line, "pending@example.org,,,,,")
    with engine.begin() as connection:
        store.sign_up(connection, "second@example.org", "blog", None, "/first/", "en", NOW)
        store.confirm(connection, 3, NOW)
        out = io.StringIO()
        assert give_out(connection, out) == 2
    second = 'second@example.org,2026-01-15T12:00:00+00:00,"signup on /first/, wording 1",,each,en'
    assert out.getvalue() == f"{HEAD}\n{line}\n{second}\n"
    with engine.begin() as connection:
        connection.execute(tables.consent.delete())
        connection.execute(tables.notice.delete())
        connection.execute(tables.subscriber.delete())
    path = tmp_path / "out.csv"
    path.write_text(out.getvalue())
    assert summary(list(take_in(engine, SECRET, path, TOPICS, "en", NOW))) == {"active": 2}
    with db.reading(engine) as connection:
        once_more = io.StringIO()
        give_out(connection, once_more)
    assert once_more.getvalue() == f"{HEAD}\n{line}\n{second}\n"


def test_a_line_that_cannot_be_meant_says_why_and_the_others_are_taken_in(engine: Engine, tmp_path: Path) -> None:
    wrong = {
        "no address": "address: An email address must have an @-sign.",
        "a@example.org\r\nBcc: b@example.org": "address: ",
        "a@example.org,2020-05-06,,,,": "consent_at and consent_source go together",
        "b@example.org,,paper,,,": "consent_at and consent_source go together",
        "c@example.org,yesterday,paper,,,": 'consent_at: "yesterday" is no time; write it like',
        "d@example.org,2126-01-01,paper,,,": 'consent_at: "2126-01-01" is still to come',
        "e@example.org,,,doc,,": 'topics: "doc" is none; did you mean "docs"?',
        "f@example.org,,,,hourly,": 'rhythm: "hourly" is none; write each, daily or weekly',
        "g@example.org,,,,,<script>": 'language: "<script>" is none',
        "h@example.org,,,,,en,more": "7 columns, where the first line has 6",
        "i@gооgle.com,,,,,": "address: The domain mixes letters of several alphabets",
        f"{'x' * 10_000_000}@example.org,,,,,": "field larger than field limit (131072)",
        f"{'x' * 100_000}@example.org,,,,,": "address: The email address is too long.",
        "'; DROP TABLE subscriber; --@example.org,,,,,": "address: ",
    }
    lines = [f'"{line}",,,,,' if "\n" in line else line for line in wrong]
    reports = taken(engine, tmp_path / "a.csv", *lines, "", ",,,,,", "good@example.org,,,,,")
    assert [report.outcome for report in reports] == ["wrong"] * len(wrong) + ["asked"]
    for report, why in zip(reports, wrong.values(), strict=False):
        assert report.reason.startswith(why), report
    assert reports[-1].line == len(lines) + 5, "a line within quotes, an empty one and one of commas are counted"
    assert [row.address for row in rows(engine, tables.subscriber)] == ["good@example.org"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b"", "1: a column is named twice, or there is no address"),
        (b"adress\n", '1: no column "adress" is known; did you mean "address"?'),
        (b"address,state\n", '1: no column "state" is known'),
        (b"address,address\n", "1: a column is named twice"),
        (b"rhythm\n", "1: a column is named twice, or there is no address; begin with address,consent_at"),
        (b"address\n\xff@example.org\n", "byte 0xff is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_is_no_list_is_one_line(content: bytes | None, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NewsletterError) as refused:
        list(take_in(db.engine_for("sqlite://"), SECRET, path, TOPICS, "en", NOW))
    assert str(refused.value).startswith(f"{path}:") and why in str(refused.value)


def test_an_unsubscribed_line_stays_so_whatever_a_list_says(engine: Engine, tmp_path: Path) -> None:
    for state in ("unsubscribed", "bounced", "complained"):
        with engine.begin() as connection:
            store.sign_up(connection, f"{state}@example.org", "blog", None, "/", "en", NOW)
            theirs = tables.subscriber.c.address == f"{state}@example.org"
            connection.execute(update(tables.subscriber).where(theirs).values(state=state))
        assert outcomes(taken(engine, tmp_path / "a.csv", f"{state}@example.org,2020-05-06,paper,,,")) == [(2, "left")]
    assert {row.state for row in rows(engine, tables.subscriber)} == {"unsubscribed", "bounced", "complained"}
