"""Signups, confirmations and expiry in both databases; tables that are what the migrations make."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Table, insert, select, update

from milepost import db
from milepost.errors import SettingsError
from milepost.newsletter import ledger, store, tables
from milepost.newsletter.drafts import make_issue
from milepost.newsletter.issue import Item
from milepost.newsletter.letter import letter_of
from milepost.newsletter.model import PENDING_LIFE, WORDING, WORDING_VERSION, Confirmed
from milepost.settings import environment

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ADDRESS = "reader@example.org"
SECRET = b"a secret of tests"


def sign_up(engine: Engine, address: str = ADDRESS, now: datetime = NOW, person: str | None = None) -> int:
    with engine.begin() as connection:
        store.sign_up(connection, address, "blog/first", person, "/first/", "en", now)
        return next(row.id for row in store.all_subscribers(connection) if row.address == address)


def in_state(engine: Engine, state: str) -> int:
    """The id of a subscriber who has gone through a signup and is in `state` now."""
    id_ = sign_up(engine)
    if state != "pending":
        with engine.begin() as connection:
            store.confirm(connection, id_, NOW)
            connection.execute(update(tables.subscriber).values(state=state))
    with engine.begin() as connection:
        connection.execute(tables.notice.delete())
    return id_


def rows(engine: Engine, table: Table, *columns: str) -> list[Any]:
    with db.reading(engine) as connection:
        wanted = [table.c[name] for name in columns] or [table]
        return [tuple(row) for row in connection.execute(select(*wanted).order_by(*table.primary_key.columns))]


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_migrations_make_the_tables_that_the_code_means(engine: Engine) -> None:
    with engine.connect() as connection:
        options = {"version_table": store.VERSIONS, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []


def test_a_store_that_is_opened_once_more_keeps_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "milepost.sqlite"
    script = f"""if True:
        import sqlite3
        with sqlite3.connect({str(path)!r}) as connection:
            print([row[0] for row in connection.execute("SELECT address FROM subscriber ORDER BY id")])
        connection.close()"""

    def elsewhere() -> str:
        return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    env = environment({"MILEPOST_VAR": str(tmp_path)})
    first, second = store.open_store(env), store.open_store(env)
    sign_up(first, "one@example.org")
    assert elsewhere() == "['one@example.org']\n"
    # Whoever is the last to close it takes the journal away; that other process was not the last.
    sign_up(first, "two@example.org")
    assert elsewhere() == "['one@example.org', 'two@example.org']\n"
    first.dispose()
    second.dispose()


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_a_store_of_an_earlier_version_keeps_who_was_told_what(database_url: str, tmp_path: Path) -> None:
    engine, config = db.engine_for(database_url), Config()
    config.set_main_option("script_location", str(store.MIGRATIONS))
    said = {"subject": "A", "created_at": NOW}
    with engine.begin() as connection:
        config.attributes |= {"connection": connection, "version_table": "newsletter_version"}
        command.upgrade(config, "0003_subscribers")
        before = sa.MetaData()
        before.reflect(connection)
        person = {"address": ADDRESS, "language": "en", "state": "active", "touchpoint": "blog"}
        connection.execute(before.tables["subscriber"].insert().values(**person, asked_at=NOW, changed_at=NOW))
        # The first had the newest alone, and passed over another; of the draft nothing was sent.
        for id_, state, content in (
            ("2026-01-14", "done", [{"id": "two", "url": "https://a.example/2", "title": "2"}, {"id": "one"}]),
            ("2026-01-15", "draft", [{"id": "three", "url": "https://a.example/3", "title": "3"}]),
        ):
            row = {"id": id_, "state": state, "content": json.dumps(content), **said}
            connection.execute(before.tables["issue"].insert().values(row))
    engine.dispose()
    opened = store.open_store(environment({"MILEPOST_VAR": str(tmp_path), "MILEPOST_DATABASE_URL": database_url}))
    assert rows(opened, tables.post) == [(1, "one", True), (2, "two", True)]
    assert rows(opened, tables.subscriber, "address", "seen", "rhythm") == [(ADDRESS, 2, "each")]
    assert rows(opened, tables.issue, "id", "rhythm") == [("2026-01-14", "each")]
    feed = [
        Item.model_validate({"id": id_, "url": "https://a.example/", "title": id_}) for id_ in ("three", "two", "one")
    ]
    with opened.begin() as connection:
        assert make_issue(connection, feed[1:], NOW) is None
        assert make_issue(connection, feed, NOW) == "2026-01-15"
        assert letter_of(ledger.issue_row(connection, "2026-01-15")).subject == "three"
    opened.dispose()


def test_processes_that_open_a_new_store_together_all_succeed(database_url: str, tmp_path: Path) -> None:
    script = (
        "from milepost.newsletter import store, tables\n"
        "from milepost.settings import environment\n"
        "engine = store.open_store(environment())\n"
        "with engine.begin() as connection: print(len(store.all_subscribers(connection)))\n"
    )
    env = {"MILEPOST_VAR": str(tmp_path / "var"), "MILEPOST_DATABASE_URL": database_url}
    started = [
        subprocess.Popen([sys.executable, "-c", script], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [(process.communicate(), process.returncode) for process in started] == [((b"0\n", b""), 0)] * 3


def test_a_time_comes_back_as_it_was_given_in_utc(engine: Engine) -> None:
    elsewhere = datetime(2026, 1, 15, 14, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with engine.begin() as connection:
        connection.execute(insert(tables.suppression).values(hash="x", reason="erased", at=elsewhere))
    [(at,)] = rows(engine, tables.suppression, "at")
    assert (at, at.tzinfo) == (datetime(2026, 1, 15, 12, 30, 0, 123456, tzinfo=UTC), UTC)


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(Exception, match="without a time zone"):
        connection.execute(insert(tables.suppression).values(hash="x", reason="erased", at=datetime(2026, 1, 15)))


def test_a_url_that_is_none_says_what_to_write() -> None:
    with pytest.raises(SettingsError, match=r"^MILEPOST_DATABASE_URL: .*; say sqlite:///PATH or postgresql"):
        db.engine_for("nothing")


def test_a_database_that_is_not_there_is_one_line_without_its_password(tmp_path: Path) -> None:
    engine = db.engine_for(f"postgresql+psycopg://me:hunter2@/x?host={tmp_path}")
    with pytest.raises(db.DatabaseError) as refused:
        db.migrate(engine, store.MIGRATIONS, store.VERSIONS)
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert str(refused.value).endswith("; see MILEPOST_DATABASE_URL")


def test_the_sqlite_file_is_its_owners_alone_and_every_commit_is_synced(tmp_path: Path) -> None:
    path = tmp_path / "var" / "milepost.sqlite"
    engine = db.engine_for(f"sqlite:///{path}")
    db.migrate(engine, store.MIGRATIONS, store.VERSIONS)
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()} == dict.fromkeys(
        ["milepost.sqlite", "milepost.sqlite-wal", "milepost.sqlite-shm"], "0o600"
    )
    with engine.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas] == ["wal", 2, 1]


def test_a_signup_is_pending_with_its_consent_and_one_notice(engine: Engine) -> None:
    id_ = sign_up(engine, person="p" * 22)
    assert rows(engine, tables.subscriber) == [
        (id_, ADDRESS, "en", "pending", "blog/first", "p" * 22, NOW, NOW, "", "each", "", 0),
    ]
    assert rows(engine, tables.consent) == [(1, id_, WORDING, WORDING_VERSION, "en", "/first/", NOW, None)]
    assert rows(engine, tables.notice) == [(1, id_, "confirm", "queued", 0, NOW, NOW)]


@pytest.mark.parametrize(
    ("state", "becomes", "kind"),
    [
        ("pending", "pending", "confirm"),
        ("active", "active", "already"),
        ("unsubscribed", "pending", "confirm"),
        ("bounced", "pending", "confirm"),
        ("complained", "pending", "confirm"),
    ],
)
def test_a_signup_again_does_what_the_state_asks_for(engine: Engine, state: str, becomes: str, kind: str) -> None:
    id_ = in_state(engine, state)
    assert sign_up(engine, now=LATER) == id_
    assert rows(engine, tables.subscriber, "id", "state") == [(id_, becomes)]
    assert rows(engine, tables.notice, "kind", "state", "due_at") == [(kind, "queued", LATER)]


def test_an_active_row_keeps_what_its_own_signup_said(engine: Engine) -> None:
    id_ = in_state(engine, "active")
    before = rows(engine, tables.subscriber), rows(engine, tables.consent)
    with engine.begin() as connection:
        store.sign_up(connection, ADDRESS, "docs/other", "q" * 22, "/other/", "de", LATER)
    assert (rows(engine, tables.subscriber), rows(engine, tables.consent)) == before
    assert before[0][0][0] == id_


def test_impatience_is_answered_with_one_mail(engine: Engine) -> None:
    for minutes in range(3):
        sign_up(engine, now=NOW + timedelta(minutes=minutes))
    assert rows(engine, tables.notice, "kind") == [("confirm",)]
    assert rows(engine, tables.consent, "asked_at") == [(NOW + timedelta(minutes=2),)]


def test_signups_of_one_new_address_at_the_same_moment_are_one(engine: Engine) -> None:
    at_once, faults = threading.Barrier(8), []

    def one() -> None:
        at_once.wait()
        try:
            sign_up(engine)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert rows(engine, tables.subscriber, "address", "state") == [(ADDRESS, "pending")]
    assert rows(engine, tables.notice, "kind") == [("confirm",)]


def test_a_confirmation_counts_once(engine: Engine) -> None:
    id_ = sign_up(engine, person="p" * 22)
    with engine.begin() as connection:
        assert store.confirm(connection, id_, LATER) == Confirmed("blog/first", "p" * 22)
        assert store.confirm(connection, id_, LATER) is None
    assert rows(engine, tables.subscriber, "state", "changed_at") == [("active", LATER)]
    assert rows(engine, tables.consent, "asked_at", "confirmed_at") == [(NOW, LATER)]


@pytest.mark.parametrize("state", ["active", "unsubscribed", "bounced", "complained"])
def test_there_is_nothing_to_confirm_without_a_signup(engine: Engine, state: str) -> None:
    id_ = in_state(engine, state)
    with engine.begin() as connection:
        assert store.confirm(connection, id_, LATER) is None
    assert rows(engine, tables.subscriber, "state") == [(state,)]


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        ("pending", "unsubscribed"),
        ("active", "unsubscribed"),
        ("unsubscribed", "unsubscribed"),
        ("bounced", "bounced"),
        ("complained", "complained"),
    ],
)
def test_leaving_ends_what_would_be_mailed(engine: Engine, state: str, becomes: str) -> None:
    id_ = in_state(engine, state)
    with engine.begin() as connection:
        store.unsubscribe(connection, id_, LATER)
    assert rows(engine, tables.subscriber, "state") == [(becomes,)]


def test_a_signup_is_good_for_seven_days_and_not_a_second_more(engine: Engine) -> None:
    id_ = sign_up(engine)
    with engine.begin() as connection:
        assert store.expire_pending(connection, NOW + PENDING_LIFE - timedelta(seconds=1)) == 0
        assert store.confirm(connection, id_, NOW + PENDING_LIFE) is None
        assert store.expire_pending(connection, NOW + PENDING_LIFE) == 1
    assert [rows(engine, table) for table in (tables.subscriber, tables.consent, tables.notice)] == [[], [], []]


def test_who_was_subscribed_once_is_unsubscribed_when_a_new_signup_expires(engine: Engine) -> None:
    id_ = in_state(engine, "unsubscribed")
    sign_up(engine, now=LATER)
    with engine.begin() as connection:
        assert store.expire_pending(connection, LATER + PENDING_LIFE) == 1
    assert rows(engine, tables.subscriber, "id", "state") == [(id_, "unsubscribed")]
    assert rows(engine, tables.consent, "confirmed_at") == [(NOW,)]


def test_the_id_of_a_forgotten_signup_never_becomes_anothers(engine: Engine) -> None:
    first = sign_up(engine)
    with engine.begin() as connection:
        store.expire_pending(connection, NOW + PENDING_LIFE)
    assert sign_up(engine, "other@example.org") > first


def test_a_suppressed_address_is_known_by_its_hash_in_any_case(engine: Engine) -> None:
    def in_one(change: Callable[..., Any], *arguments: Any) -> Any:
        with engine.begin() as connection:
            return change(connection, *arguments)

    kept = {"hash": store.address_hash(SECRET, ADDRESS), "reason": "erased", "at": NOW}
    in_one(lambda connection: connection.execute(insert(tables.suppression).values(kept)))
    assert "reader" not in kept["hash"]
    assert in_one(store.is_suppressed, SECRET, "Reader@example.org") is True
    assert in_one(store.is_suppressed, SECRET, "other@example.org") is False
    assert in_one(store.is_suppressed, b"another secret", ADDRESS) is False
    in_one(store.lift_suppression, SECRET, ADDRESS)
    assert in_one(store.is_suppressed, SECRET, ADDRESS) is False


def test_the_newest_migration_is_known_by_its_file() -> None:
    names = [path.stem for path in (store.MIGRATIONS / "versions").glob("[0-9]*.py")]
    assert ScriptDirectory(str(store.MIGRATIONS)).get_current_head() == max(names)
