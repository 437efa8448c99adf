"""Each event once in the archive, whatever is killed and when; and readable by anything."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from collecting import NOW, Clock, rows, settings_for

from milepost.errors import MilepostError
from milepost.journeys import archive, inbox
from milepost.journeys.archive import TRANSITIONS, archive_inboxes
from milepost.journeys.columns import archive_schema
from milepost.journeys.inbox import Adoption, Inbox
from milepost.journeys.model import Consented, Counted, Event, Tier, Visited
from milepost.journeys.wire import microseconds
from milepost.settings import Environment

JANUARY = microseconds(NOW)
FEBRUARY = microseconds(datetime(2026, 2, 1, tzinfo=UTC))


def view(number: int, at: int = JANUARY) -> Event:
    return Event(number.to_bytes(16), at, "view", "blog/first")


def collect(folder: Path, *requests: tuple[Tier, list[Event]], aside: tuple[Event, ...] = ()) -> None:
    """Append requests to the first inbox of `folder`, as a collector would."""

    async def work() -> None:
        async with Inbox(folder) as box:
            for tier, events in requests:
                await box.append(tier, events, aside, JANUARY)

    asyncio.run(work())


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def numbers(env: Environment) -> list[int]:
    return sorted(int.from_bytes(row["id"]) for row in rows(env))


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    return settings_for(tmp_path).env


@pytest.fixture
def box(env: Environment) -> Path:
    return env.var / "inbox"


def test_nothing_collected_says_where_events_come_from(env: Environment) -> None:
    said = "nothing new to archive; events come from readers of a site with `milepost serve` or `milepost app`"
    assert archive_inboxes(env).summary() == said
    assert not Path(env.archive_url).exists()


def test_events_go_by_month_ordered_by_person_and_time(env: Environment, box: Path) -> None:
    first, second = "A" * 22, "B" * 22
    collect(
        box,
        (Counted(), [view(1), view(2, FEBRUARY)]),
        (Consented(second, b"w" * 16), [view(3)]),
        (Consented(first, b"v" * 16), [view(4, JANUARY + 1), view(5)]),
    )
    done = archive_inboxes(env)
    folder = Path(env.archive_url)
    assert [name.partition("/")[0] for name in done.files] == ["month=2026-01", "month=2026-02"]
    table = pq.ParquetFile(folder / done.files[0]).read()
    assert table.schema.equals(archive_schema())
    assert [int.from_bytes(value) for value in table["id"].to_pylist()] == [5, 4, 3, 1]
    assert pq.ParquetFile(folder / done.files[0]).metadata.row_group(0).column(0).compression == "ZSTD"
    assert json.loads((folder / "manifest.json").read_text()) == {
        "version": 1,
        "files": [
            {"path": name, "rows": count, "bytes": (folder / name).stat().st_size}
            for name, count in zip(done.files, (4, 1), strict=True)
        ],
    }
    assert done.summary().startswith("5 events archived, 2 files, in ")


def test_duckdb_reads_the_folder_as_it_is(env: Environment, box: Path) -> None:
    collect(box, (Visited(b"v" * 16), [view(1)]))
    archive_inboxes(env)
    found = duckdb.sql(f"SELECT * FROM read_parquet('{env.archive_url}/*/*.parquet', hive_partitioning = true)")
    assert found.columns == [*archive_schema().names, "month"]
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    assert (types["id"], types["at"], types["value"], types["data"]) == (
        "BLOB",
        "TIMESTAMP WITH TIME ZONE",
        "DOUBLE",
        "VARCHAR",
    )
    assert found.select("id", "visit", "month").fetchall() == [((1).to_bytes(16), b"v" * 16, "2026-01")]


@pytest.mark.parametrize("transition", TRANSITIONS)
@pytest.mark.parametrize("occurrence", [1, 2])
def test_an_archiver_killed_anywhere_makes_the_same_files_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transition: str, occurrence: int
) -> None:
    """Two batches of two requests, over two months; killed at the first or second time of a transition."""
    monkeypatch.setattr(archive, "BATCH_EVENTS", 3)
    requests = [(Counted(), [view(n), view(n + 10, FEBRUARY)]) for n in range(4)]
    whole, killed = (settings_for(tmp_path / name).env for name in ("whole", "killed"))
    collect(whole.var / "inbox", *requests)
    copy_inbox(whole.var / "inbox", killed.var / "inbox")
    archive_inboxes(whole, Clock())

    class Killed(BaseException):
        pass

    def until(left: list[int], at: str) -> None:
        left[0] -= at == transition
        if at == transition and left[0] == 0:
            raise Killed

    left = [occurrence]
    with pytest.raises(Killed):
        archive_inboxes(killed, Clock(), at=lambda at: until(left, at))
    assert len(numbers(killed)) == len(set(numbers(killed)))
    # What comes in between does not change what was taken.
    collect(killed.var / "inbox", (Counted(), [view(99)]))
    archive_inboxes(killed, Clock())
    expected = tree(Path(whole.archive_url))
    found = {name: content for name, content in tree(Path(killed.archive_url)).items() if name in expected}
    del expected["manifest.json"], found["manifest.json"]
    assert found == expected
    assert numbers(killed) == [*numbers(whole), 99]


def copy_inbox(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for path in inbox.inboxes(source):
        with closing(inbox.connect(path)) as connection:
            connection.execute("VACUUM INTO ?", (str(target / path.name),))


def test_an_archiver_really_killed_leaves_a_lock_that_is_free(env: Environment, box: Path) -> None:
    collect(box, (Counted(), [view(1)]))
    program = """if True:
        import os, signal
        from milepost.journeys.archive import archive_inboxes
        from milepost.settings import environment
        archive_inboxes(environment(), at=lambda at: at == "written" and os.kill(os.getpid(), signal.SIGKILL))
    """
    killed = subprocess.run([sys.executable, "-c", program], env={"MILEPOST_VAR": str(env.var)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert numbers(env) == []
    archive_inboxes(env)
    assert numbers(env) == [1]


def test_a_second_archiver_waits_and_then_says_so(env: Environment, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(box, (Counted(), [view(1)]))
    monkeypatch.setattr(archive, "LOCK_SECONDS", 0.1)
    caught: list[str] = []

    def second(at: str) -> None:
        if at == "recorded":
            with pytest.raises(MilepostError) as error:
                archive_inboxes(env)
            caught.append(str(error.value))

    archive_inboxes(env, at=second)
    assert caught == [f"{box}/archiver.lock: another archiver is at work; run again when it is done"]


def test_an_id_is_once_whichever_inbox_and_run_it_comes_in(env: Environment, box: Path) -> None:
    async def work() -> None:
        async with Inbox(box) as first, Inbox(box) as second:
            for each in (first, second):
                await each.append(Counted(), [view(1), view(2), view(2)], [], JANUARY)
            await second.append(Counted(), [view(3)], [], JANUARY)

    asyncio.run(work())
    done = archive_inboxes(env, Clock())
    assert (done.events, done.repeated) == (3, 4)
    collect(box, (Counted(), [view(1), view(4)]))
    assert archive_inboxes(env, Clock(NOW + timedelta(hours=47))).summary().endswith("\n1 repeated event counted once")
    assert numbers(env) == [1, 2, 3, 4]


def test_ids_are_forgotten_after_48_hours(env: Environment, box: Path) -> None:
    collect(box, (Counted(), [view(1)]))
    archive_inboxes(env, Clock())
    archive_inboxes(env, Clock(NOW + timedelta(hours=49)))
    with closing(archive._claims(box / "ids.sqlite")) as claims:
        assert claims.execute("SELECT count(*) FROM ids").fetchone() == (0,)


def test_what_is_set_aside_is_reported_for_30_days(env: Environment, box: Path) -> None:
    collect(box, (Counted(), [view(1)]), aside=(view(2)._replace(touchpoint="blog/gone"),))
    assert archive_inboxes(env, Clock()).aside == Counter({"blog/gone": 1})
    assert archive_inboxes(env, Clock(NOW + timedelta(days=29))).aside == Counter({"blog/gone": 1})
    assert archive_inboxes(env, Clock(NOW + timedelta(days=31))).aside == Counter()
    assert numbers(env) == [1]


def test_a_recorded_batch_is_not_adopted(env: Environment, box: Path) -> None:
    """A yes that comes while a batch is being written does not reach it, nor does the rerun differ."""
    collect(box, (Visited(b"v" * 16), [view(1)]))

    async def yes() -> None:
        async with Inbox(box) as own:
            await own.adopt(Adoption(b"v" * 16, b"n" * 16, "P" * 22, since=0))

    archive_inboxes(env, at=lambda at: asyncio.run(yes()) if at == "recorded" else None)
    assert [(row["tier"], row["person"]) for row in rows(env)] == [("visited", None)]


def test_archiving_destroys_the_salts_of_earlier_days(env: Environment) -> None:
    (env.var / "salts").mkdir(parents=True)
    for day in ("2026-01-13", "2026-01-15"):
        (env.var / "salts" / day).write_bytes(b"s" * 32)
    archive_inboxes(env, Clock())
    assert [path.name for path in (env.var / "salts").iterdir()] == ["2026-01-15"]


def spoil_inbox(env: Environment) -> str:
    (env.var / "inbox").mkdir(parents=True)
    (env.var / "inbox/inbox-1.sqlite").write_bytes(b"no database" * 100)
    return f"{env.var}/inbox/inbox-1.sqlite: file is not a database; nothing of it was archived, mend or move it"


def spoil_archive(env: Environment) -> str:
    collect(env.var / "inbox", (Counted(), [view(1)]))
    Path(env.archive_url).write_text("a file")
    return f"{env.archive_url}/month=2026-01: Not a directory; nothing is lost, archive again"


@pytest.mark.parametrize("spoil", [spoil_inbox, spoil_archive])
def test_what_cannot_be_read_or_written_is_one_line(env: Environment, spoil: Callable[[Environment], str]) -> None:
    expected = spoil(env)
    with pytest.raises(MilepostError) as caught:
        archive_inboxes(env)
    assert str(caught.value) == expected


def test_the_command_says_what_it_did(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "pelicanconf.py").write_text(
        'TIMEZONE = "UTC"\nSITEURL = "http://site.example"\nPLUGINS = ["milepost.journeys"]\n'
    )
    collect(env.var / "inbox", (Counted(), [view(1)]))
    command = [sys.executable, "-m", "milepost.cli", "journeys", "archive"]
    runs = [
        subprocess.run(command, cwd=tmp_path, env={"MILEPOST_VAR": "var"}, capture_output=True, text=True, check=False)
        for _ in range(2)
    ]
    assert [(run.returncode, run.stdout.split(";")[0].strip(), run.stderr) for run in runs] == [
        (0, "1 event archived, 1 file, in var/archive", ""),
        (0, "nothing new to archive", ""),
    ]
