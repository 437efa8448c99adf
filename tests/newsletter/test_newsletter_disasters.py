"""The disk is full, or cannot be written to; the database restarts: nothing is lost, and sending goes on."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from relays import add_issue, add_subscribers, ledger_of, readers, relaying, settings_at
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from milepost.db import DatabaseError, engine_for
from milepost.newsletter import delivery, store
from milepost.newsletter.opening import open_store
from milepost.settings import Settings


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, mounted for one test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def at(root: Path, disk: Path, smtp_url: str) -> Settings:
    settings = settings_at(root, smtp_url)
    env = settings.env.model_copy(update={"var": disk, "database_url": f"sqlite:///{disk / 'milepost.sqlite'}"})
    return settings.model_copy(update={"env": env})


@contextmanager
def one_line(settings: Settings) -> Iterator[Engine]:
    """A send that fails is one line, which names the database and no address."""
    line = r"^sqlite:///\S+: OperationalError; see MILEPOST_DATABASE_URL$"
    with pytest.raises(DatabaseError, match=line), open_store(settings) as engine:
        yield engine


def test_a_full_disk_in_the_middle_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    everybody, ballast = readers(200), small_disk / "ballast"

    def answer(stage: str, recipient: str) -> None:
        if stage == "DOT" and len(sink.mails) == 50 and not ballast.exists():
            with pytest.raises(OSError, match="No space left"), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 512)

    with relaying(answer) as sink:
        settings = at(tmp_path, small_disk, sink.url)
        with one_line(settings) as engine:
            add_subscribers(engine, *everybody)
            id_ = add_issue(engine)
            asyncio.run(delivery.send(engine, settings, id_))
        before = len(sink.mails)
        ballast.unlink()
        engine = store.open_store(settings.env)
        counts = asyncio.run(delivery.send(engine, settings, id_))
    assert 50 <= before < 200
    whole(engine, sink.recipients(), everybody, counts)


def test_a_disk_that_cannot_be_written_to_is_one_line(small_disk: Path, tmp_path: Path) -> None:
    with relaying() as sink:
        settings = at(tmp_path, small_disk, sink.url)
        engine = store.open_store(settings.env)
        add_subscribers(engine, *readers(5))
        id_ = add_issue(engine)
        engine.dispose()
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        with pytest.raises(DatabaseError, match=r"milepost.sqlite: Read-only file system; see MILEPOST_VAR and"):
            store.open_store(settings.env)
        assert sink.mails == []
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        assert asyncio.run(delivery.send(store.open_store(settings.env), settings, id_)) == {"accepted": 5}


def whole(engine: Engine, taken: list[str], everybody: list[str], counts: Counter[str]) -> None:
    """Nobody twice, nobody forgotten, and at most one uncertain a connection, each named."""
    named = {row.address for row in ledger_of(engine) if row.state == "uncertain"}
    assert set(Counter(taken).values()) == {1}
    assert set(everybody) - set(taken) <= named
    assert len(named) <= 4
    assert counts == Counter({"accepted": len(everybody) - len(named), "uncertain": len(named)}) - Counter()


def test_a_database_that_restarts_in_the_middle_is_waited_for(
    postgresql: Callable[[], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    everybody = readers(150)
    engine = engine_for(postgresql())
    store.db.migrate(engine, store.MIGRATIONS, store.VERSIONS)
    add_subscribers(engine, *everybody)
    id_, restarted = add_issue(engine), []
    server: Any = postgresql

    def answer(stage: str, recipient: str) -> None:
        if stage == "DOT" and len(sink.mails) == 50 and not restarted:
            restarted.append(threading.Thread(target=server.restart))
            restarted[0].start()

    with relaying(answer, pause=0.001) as sink, caplog.at_level(logging.WARNING):
        counts = asyncio.run(delivery.send(engine, settings_at(tmp_path, sink.url), id_))
    restarted[0].join()
    engine.dispose()
    assert counts == {"accepted": 150}
    assert Counter(sink.recipients()) == dict.fromkeys(everybody, 1)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("milepost")]
    assert said == ["the database has gone away; waiting for it, 60 s at most"]


def test_a_database_that_stays_away_is_an_error_and_the_next_send_goes_on(
    postgresql: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("milepost.newsletter.scribe.PATIENCE_SECONDS", 0.0)
    everybody = readers(100)
    engine = engine_for(postgresql())
    store.db.migrate(engine, store.MIGRATIONS, store.VERSIONS)
    add_subscribers(engine, *everybody)
    id_, ended = add_issue(engine), []

    def answer(stage: str, recipient: str) -> None:
        if stage == "DOT" and len(sink.mails) == 30 and not ended:
            # Its server ends the sender's connection, which holds the lock.
            other = engine_for(engine.url.render_as_string(hide_password=False))
            with other.begin() as connection:
                found = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                ended.extend(connection.exec_driver_sql(found).all())
            other.dispose()

    with relaying(answer) as sink:
        settings = settings_at(tmp_path, sink.url)
        with pytest.raises(SQLAlchemyError):
            asyncio.run(delivery.send(engine, settings, id_))
        counts = asyncio.run(delivery.send(engine, settings, id_))
    assert len(ended) == 1
    whole(engine, sink.recipients(), everybody, counts)
    engine.dispose()
