"""Past months in few files: the same events, each once at any moment, whenever the archiver is killed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from collecting import Clock, rows, settings_for
from test_archive import JANUARY, collect, tree, view
from test_faults import mounted
from test_rights import traces

from milepost.journeys import compacting
from milepost.journeys.archive import archive_inboxes
from milepost.journeys.columns import archive_schema
from milepost.journeys.compacting import TRANSITIONS, compact
from milepost.journeys.erasing import erase
from milepost.journeys.model import Consented, Counted
from milepost.journeys.wire import microseconds
from milepost.settings import Environment, Settings

FEBRUARY = microseconds(datetime(2026, 2, 10, tzinfo=UTC))
THEN, MARCH = Clock(datetime(2026, 2, 12, tzinfo=UTC)), Clock(datetime(2026, 3, 3, tzinfo=UTC))
EARLY = Clock(datetime(2026, 3, 2, 23, tzinfo=UTC))
PERSON, OTHER = "A" * 22, "B" * 22
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from milepost.journeys.archive import archive_inboxes
from milepost.settings import environment
kill = lambda at: at == sys.argv[1] and os.kill(os.getpid(), signal.SIGKILL)
archive_inboxes(environment(), lambda: datetime(2026, 3, 3, tzinfo=UTC), at=kill)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site whose archive has three files of February, and one of January."""
    made = settings_for(tmp_path)
    for number in (1, 2, 3):
        at = [FEBRUARY + 1000 * number, FEBRUARY - 1000 * number]
        collect(
            made.env.var / "inbox",
            (Counted(), [view(number, at[0])]),
            (Consented(OTHER, b"w" * 16), [view(10 + number, at[1])]),
            (Consented(PERSON, b"v" * 16), [view(20 + number, at[0]), *([view(30, JANUARY)] if number == 1 else [])]),
        )
        archive_inboxes(made.env, THEN)
    assert numbers_of_files(made.env) == {"2026-01": 1, "2026-02": 3}
    return made


def numbers_of_files(env: Environment) -> dict[str, int]:
    months = sorted(Path(env.archive_url).glob("month=*"))
    return {month.name.removeprefix("month="): len(list(month.glob("*.parquet"))) for month in months}


def manifest_is_right(env: Environment) -> bool:
    folder = Path(env.archive_url)
    listed = {entry["path"]: entry["rows"] for entry in json.loads((folder / "manifest.json").read_text())["files"]}
    found = folder.glob("month=*/*.parquet")
    return listed == {path.relative_to(folder).as_posix(): pq.read_metadata(path).num_rows for path in found}


def test_a_month_that_is_over_becomes_one_file_of_the_same_events_in_order(settings: Settings) -> None:
    env, before = settings.env, rows(settings.env)
    assert archive_inboxes(env, EARLY).compacted == 0  # what is late may still come
    done = archive_inboxes(env, MARCH)
    assert (done.compacted, done.summary().splitlines()[1:]) == (2, ["2 files of past months merged into others"])
    assert (numbers_of_files(env), rows(env)) == ({"2026-01": 1, "2026-02": 1}, before)
    [merged] = Path(env.archive_url).glob("month=2026-02/*.parquet")
    table = pq.ParquetFile(merged).read()
    assert table.schema.equals(archive_schema())
    assert [int.from_bytes(one) for one in table["id"].to_pylist()] == [21, 22, 23, 13, 12, 11, 1, 2, 3]
    assert manifest_is_right(env)
    once = tree(Path(env.archive_url))
    assert (archive_inboxes(env, MARCH).compacted, tree(Path(env.archive_url))) == (0, once)
    # A late import makes one more file of a month, for a while.
    collect(env.var / "inbox", (Counted(), [view(40, FEBRUARY)]))
    assert archive_inboxes(env, MARCH).compacted == 1
    assert (len(rows(env)), numbers_of_files(env)["2026-02"]) == (len(before) + 1, 1)


@pytest.mark.parametrize("transition", TRANSITIONS)
def test_killed_anywhere_each_event_is_there_once_and_a_rerun_makes_the_same_files(
    settings: Settings, tmp_path: Path, transition: str
) -> None:
    whole = settings_for(tmp_path / "whole").env
    shutil.copytree(settings.env.var, whole.var)
    archive_inboxes(whole, MARCH)
    env, ids = settings.env, [row["id"] for row in rows(settings.env)]
    done = subprocess.run([sys.executable, "-c", KILLED, transition], env={"MILEPOST_VAR": str(env.var)}, check=False)
    assert done.returncode == -signal.SIGKILL
    # By any reader, those too that look into every folder below.
    found = duckdb.sql(f"SELECT id FROM read_parquet('{env.archive_url}/**/*.parquet')").fetchall()
    assert sorted(id_ for (id_,) in found) == sorted(ids)
    archive_inboxes(env, MARCH)
    assert tree(Path(env.archive_url)) == tree(Path(whole.archive_url))
    assert [path.name for path in env.var.glob(".*")] == []


@pytest.mark.parametrize("transition", TRANSITIONS[:3])
def test_forgetting_reaches_what_a_killed_run_left_and_retention_what_was_merged(
    settings: Settings, transition: str
) -> None:
    env = settings.env
    subprocess.run([sys.executable, "-c", KILLED, transition], env={"MILEPOST_VAR": str(env.var)}, check=False)
    assert len(traces(settings, PERSON)) > 1
    assert erase(env, PERSON).archive == 4
    assert traces(settings, PERSON) == []
    archive_inboxes(env, MARCH)
    assert {row["person"] for row in rows(env)} == {OTHER, None}
    assert (numbers_of_files(env)["2026-02"], manifest_is_right(env)) == (1, True)
    later = Clock(datetime(2026, 4, 3, tzinfo=UTC))
    assert (archive_inboxes(env, later, retention_months=1).removed, rows(env)) == (1, [])


def test_a_file_gets_as_many_events_as_can_be_sorted_and_what_is_not_ours_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    env, before = settings.env, rows(settings.env)
    folder = Path(env.archive_url)
    assert compact(folder, "2026-03", {"another"}) == 0
    monkeypatch.setattr(compacting, "FILE_EVENTS", 7)
    assert [archive_inboxes(env, MARCH).compacted for _ in range(2)] == [1, 0]
    assert (numbers_of_files(env)["2026-02"], rows(env), manifest_is_right(env)) == (2, before, True)


def test_where_folders_cannot_be_exchanged_months_stay_as_they_are(settings: Settings) -> None:
    env, folder = settings.env, Path(settings.env.archive_url)
    kept = folder.rename(folder.with_name("kept"))
    folder.mkdir()
    if not mounted("size=4m", at=folder):
        pytest.skip("no disk can be mounted: needs root, and a container that may")
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        before = tree(folder)
        assert (archive_inboxes(env, MARCH).compacted, tree(folder)) == (0, before)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
