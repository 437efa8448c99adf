"""What goes wrong with disks, clocks and versions: nothing acknowledged is lost, and each event is there once."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from collecting import NOW, Clock, Running, event, rows, running, settings_for

from milepost.journeys import inbox
from milepost.journeys.archive import archive_inboxes
from milepost.journeys.inbox import Inbox, InboxUnavailable, pack
from milepost.journeys.model import Event
from milepost.settings import Settings

OLD = """
CREATE TABLE inbox (name TEXT NOT NULL);
INSERT INTO inbox VALUES ('0ldb0x');
CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL,
    tier TEXT NOT NULL, visit BLOB, person TEXT, bot TEXT, size INTEGER NOT NULL, events BLOB NOT NULL
);
CREATE TABLE batches (
    number INTEGER PRIMARY KEY AUTOINCREMENT, first INTEGER NOT NULL, last INTEGER NOT NULL, done INTEGER DEFAULT 0
);
"""
"""An inbox as the first version made it, which knew no imports."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def ids(settings: Settings) -> list[str]:
    return sorted(row["id"].hex() for row in rows(settings.env))


def hexes(*events: dict[str, str]) -> list[str]:
    return sorted(one["id"].replace("-", "") for one in events)


def taken(run: Running, *events: dict[str, str]) -> int:
    return run.send(*events).status_code


def mounted(*options: str, at: Path) -> bool:
    """A disk of its own size at `at`, where this machine lets us make one."""
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(at)]
    return os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_a_full_and_a_read_only_disk_are_said_and_take_events_when_mended(settings: Settings) -> None:
    disk = settings.env.var
    disk.mkdir()
    if not mounted("size=1m", at=disk):
        pytest.skip("no disk can be mounted: needs root, and a container that may")
    try:
        with running(settings) as run:
            before, after_full, after_read_only = event(), event(), event()
            assert taken(run, before) == 204
            fill = disk / "somebody-elses"
            with suppress(OSError):
                fill.write_bytes(bytes(2 << 20))
            large = [event("search", data={"query": "x" * 300, "results": 0}) for _ in range(80)]
            answer = run.send(*large)
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "30")
            fill.unlink()
            assert taken(run, after_full) == 204
            # The kernel remounts a disk that fails; files that are open for writing it would refuse to, so by force.
            run.collector._inbox._connection.execute("PRAGMA query_only = ON")
            assert taken(run, event()) == 503
            run.collector._inbox._connection.execute("PRAGMA query_only = OFF")
            assert taken(run, after_read_only) == 204
        archive_inboxes(settings.env, Clock())
        assert ids(settings) == hexes(before, after_full, after_read_only)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(InboxUnavailable, match="is the disk full or read-only"):
            asyncio.run(Inbox(disk / "inbox").__aenter__())
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        with running(settings) as run:
            assert taken(run, event()) == 204
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("torn", [1, 24, 2000, 4119])
def test_a_torn_last_page_costs_no_acknowledged_event(settings: Settings, tmp_path: Path, torn: int) -> None:
    """The machine loses power while the log grows: of a frame that nobody was told of, some bytes are there."""
    sent = [event() for _ in range(5)]
    with running(settings) as run:
        for one in sent:
            assert taken(run, one) == 204
        # Copied while it is open, as the disk is found after a loss of power.
        copy = settings_for(tmp_path / "found")
        shutil.copytree(settings.env.var / "inbox", copy.env.var / "inbox")
    log = copy.env.var / "inbox/inbox-1.sqlite-wal"
    frame = log.read_bytes()[-4120:]
    with log.open("ab") as file:
        file.write(frame[:torn])
    archive_inboxes(copy.env, Clock())
    assert ids(copy) == hexes(*sent)


def test_a_clock_set_back_loses_and_repeats_nothing(settings: Settings) -> None:
    clock = Clock()
    with running(settings, clock) as run:
        first, second, third = event(at=NOW), event(at=NOW - timedelta(hours=2)), event(at=NOW)
        assert taken(run, first) == 204
        archive_inboxes(settings.env, clock)
        clock.now = NOW - timedelta(hours=2)
        # What the reader's clock says is now too far ahead, and is refused rather than kept at a wrong time.
        assert [taken(run, second, second), taken(run, third)] == [204, 400]
        archive_inboxes(settings.env, clock)
        clock.now = NOW
        assert [taken(run, first), taken(run, second), taken(run, third)] == [204, 204, 204]
        archive_inboxes(settings.env, clock)
    assert ids(settings) == hexes(first, second, third)


def test_what_comes_ten_times_through_two_collectors_is_there_once(settings: Settings) -> None:
    sent = [event() for _ in range(20)]
    with running(settings) as one, running(settings) as other:
        for number in range(10):
            assert [taken(one, *sent), taken(other, *reversed(sent))] == [204, 204]
            if number in (3, 7):
                archive_inboxes(settings.env, one.clock)
        assert len(inbox.inboxes(settings.env.var / "inbox")) == 2
    done = archive_inboxes(settings.env, one.clock)
    assert (ids(settings), done.events) == (hexes(*sent), 0)


def test_an_inbox_of_an_earlier_version_is_archived_and_goes_on(settings: Settings) -> None:
    folder = settings.env.var / "inbox"
    folder.mkdir(parents=True)
    old = Event(bytes(15) + b"\7", 1_768_478_400_000_000, "view", "blog/first")
    with closing(sqlite3.connect(folder / "inbox-1.sqlite")) as connection:
        connection.executescript(OLD)
        connection.execute("INSERT INTO requests VALUES (1, 5, 'counted', NULL, NULL, NULL, 1, ?)", (pack([old]),))
        connection.commit()
    new = event()
    with running(settings) as run:
        assert taken(run, new) == 204
    done = archive_inboxes(settings.env, Clock())
    assert ids(settings) == sorted([old.id.hex(), *hexes(new)])
    assert all(Path(name).name.startswith("0ldb0x-") for name in done.files)


def spoil_footer(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def spoil_page(path: Path) -> None:
    # The first bytes after the magic number are the first column's page.
    content = bytearray(path.read_bytes())
    content[4:60] = os.urandom(56)
    path.write_bytes(content)


@pytest.mark.parametrize(("spoil", "thorough"), [(spoil_footer, False), (spoil_page, True)])
def test_a_corrupt_file_is_set_aside_and_named_and_the_rest_is_read(
    settings: Settings, spoil: object, thorough: bool
) -> None:
    first, second, third = event(), event(), event()
    for one in (first, second):
        with running(settings) as run:
            assert taken(run, one) == 204
        archive_inboxes(settings.env, Clock())
    folder = Path(settings.env.archive_url)
    bad = next(p for p in sorted(folder.glob("*/*.parquet")) if pq.read_table(p)["id"][0].as_py().hex() in hexes(first))
    spoil(bad)  # type: ignore[operator]
    with running(settings) as run:
        assert taken(run, third) == 204
    done = archive_inboxes(settings.env, Clock(), thorough=thorough)
    assert done.corrupt == [bad.relative_to(folder).as_posix()]
    assert f"{bad} cannot be read, and is now {bad.name}.corrupt; restore it from a backup" in done.summary()
    assert ids(settings) == hexes(second, third)
    assert bad.with_name(f"{bad.name}.corrupt").exists()
    assert bad.name not in (folder / "manifest.json").read_text()
