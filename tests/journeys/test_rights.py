"""Everything of a person, shown to them and forgotten: found in every column before, and nowhere after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from collecting import NOW, Clock, Running, event, rows, running, settings_for

from milepost.errors import MilepostError
from milepost.journeys import boxes, inbox, keeping, rights
from milepost.journeys.archive import archive_inboxes
from milepost.journeys.erasing import erase
from milepost.journeys.forgotten import Forgotten
from milepost.settings import Settings

TEXT = {"content-type": "text/plain"}
CONF = 'TIMEZONE = "UTC"\nSITEURL = "http://site.example"\nPLUGINS = ["milepost.journeys"]\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def traces(settings: Settings, person: str) -> list[str]:
    """Where `person` is: every column of every row of every file decoded, and every byte of what is no Parquet."""
    found = []
    for path in settings.env.var.rglob("*"):
        if not path.is_file():
            continue
        if path.suffix == ".parquet":
            told = str(pq.ParquetFile(path).read().to_pylist())
            found += [path.name] if person in told else []
        elif person.encode() in path.read_bytes() or person in path.name:
            found.append(path.name)
        if path.suffix == ".sqlite" and path.name.startswith("inbox"):
            with boxes.connect(path) as connection:
                packed = [row[0] for row in connection.execute("SELECT events FROM requests")]
            found += [path.name] if person in str([inbox.unpack(one) for one in packed]) else []
    return sorted(set(found))


@contextmanager
def consenting(run: Running) -> Iterator[httpx.Client]:
    with run.client() as client:
        client.post("/journey/v1/consent", content="yes", headers=TEXT)
        yield client


def journey(run: Running, reader: httpx.Client) -> list[str]:
    """Events of a reader that are in two months' files, in the inbox, and set aside; their ids."""
    told = [
        event(),
        event(touchpoint="blog/second"),
        event(touchpoint="blog/gone"),
        event("helpful", data={"answer": "yes"}),
    ]
    assert run.send(told[0], client=reader).status_code == 204
    archive_inboxes(run.settings.env, run.clock)
    run.clock.forward(days=31)
    for one in told[1:]:
        one["at"] = f"{run.clock.now:%Y-%m-%dT%H:%M:%S}.000Z"
    assert run.send(told[1], client=reader).status_code == 204
    archive_inboxes(run.settings.env, run.clock)
    assert run.send(*told[2:], client=reader).status_code == 204
    return sorted(one["id"].replace("-", "") for one in told)


def test_a_reader_takes_everything_of_theirs_and_then_is_forgotten(settings: Settings) -> None:
    with running(settings) as run, consenting(run) as reader, consenting(run) as other:
        assert run.send(event(), client=other).status_code == 204
        person, others = reader.cookies["milepost_person"], other.cookies["milepost_person"]
        ids = journey(run, reader)
        answer = reader.post("/journey/v1/export")
        assert answer.headers["content-disposition"] == 'attachment; filename="my-journey.json"'
        told = answer.json()
        assert (told["person"], sorted(one["id"] for one in told["events"])) == (person, ids)
        assert len(traces(settings, person)) >= 3
        receipt = reader.post("/journey/v1/forget")
        assert receipt.status_code == 200
        assert receipt.text.splitlines()[:1] + receipt.text.splitlines()[2:5] == [
            f"forgotten: {person}",
            "events erased from the inbox: 2",
            "events erased from the archive: 2 in 2 rewritten file(s)",
            "order tokens unlinked: 0",
        ]
        assert reader.cookies["milepost_person"] == "no"
        assert traces(settings, person) == []
        # An old tab, or another device with the same cookie, brings nobody back.
        with run.client(cookie=f"milepost_person={person}") as ghost:
            assert run.send(event(at=run.clock.now), client=ghost).status_code == 204
        archive_inboxes(settings.env, run.clock)
        assert traces(settings, person) == []
        found = [(row["tier"], row["person"]) for row in rows(settings.env)]
    assert sorted(found, key=str) == [("consented", others), ("counted", None)]
    listed = json.loads((Path(settings.env.archive_url) / "manifest.json").read_text())["files"]
    assert sum(entry["rows"] for entry in listed) == 2


def test_who_is_not_known_takes_nothing_and_erases_nothing(settings: Settings) -> None:
    with running(settings) as run, run.client() as stranger:
        assert stranger.post("/journey/v1/export").json() == {"person": None, "events": []}
        said = "Nothing is kept that could be connected to this browser.\n"
        assert stranger.post("/journey/v1/forget").text == said
        assert stranger.get("/journey/v1/forget").status_code == 405
        foreign = {"origin": "https://evil.example"}
        assert stranger.post("/journey/v1/forget", headers=foreign).status_code == 403


def test_a_signal_takes_no_right_away(settings: Settings) -> None:
    with running(settings) as run, consenting(run) as reader:
        assert run.send(event(), client=reader).status_code == 204
        reader.headers["sec-gpc"] = "1"
        assert len(reader.post("/journey/v1/export").json()["events"]) == 1
        assert "events erased from the inbox: 1" in reader.post("/journey/v1/forget").text


def test_what_was_killed_while_forgetting_is_ended_by_the_archiver(settings: Settings) -> None:
    with running(settings) as run, consenting(run) as reader:
        person = reader.cookies["milepost_person"]
        journey(run, reader)
    program = f"""if True:
        import os, signal
        from milepost.journeys import parquet, rights
        from milepost.settings import environment
        parquet.erase = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        rights.forget(environment(), {person!r})
    """
    killed = subprocess.run([sys.executable, "-c", program], env={"MILEPOST_VAR": str(settings.env.var)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(Forgotten(settings.env).pending()) == [person]
    archive_inboxes(settings.env, Clock())
    assert traces(settings, person) == []


def test_months_beyond_retention_go_by_themselves(settings: Settings) -> None:
    clock = Clock(datetime(2024, 1, 31, tzinfo=UTC))
    with running(settings, clock) as run:
        for day in (clock.now, datetime(2024, 2, 1, tzinfo=UTC), NOW):
            clock.now = day
            assert run.send(event(at=day)).status_code == 204
            archive_inboxes(settings.env, clock)
    clock.now = datetime(2026, 2, 28, tzinfo=UTC)
    assert archive_inboxes(settings.env, clock, retention_months=25).removed == 0
    clock.now = datetime(2026, 3, 1, tzinfo=UTC)
    done = archive_inboxes(settings.env, clock, retention_months=25)
    assert (done.removed, done.summary().splitlines()[-1]) == (1, "1 file of months beyond JOURNEY_RETENTION removed")
    assert [f"{row['at']:%Y-%m}" for row in rows(settings.env)] == ["2024-02", "2026-01"]


def test_the_commands_show_and_forget_one_person(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "pelicanconf.py").write_text(
        'TIMEZONE = "UTC"\nSITEURL = "http://site.example"\nPLUGINS = ["milepost.journeys"]\n'
    )
    with running(settings) as run, consenting(run) as reader:
        person = reader.cookies["milepost_person"]
        run.send(event(), client=reader)

    def milepost(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "milepost.cli", "journeys", *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "MILEPOST_VAR": "var"},
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    assert milepost("forget", person, "--dry-run") == (0, f"of {person} would be erased: 1 event\n")
    status, told = milepost("export", person)
    assert (status, len(json.loads(told)["events"])) == (0, 1)
    status, receipt = milepost("forget", person)
    assert (status, receipt.startswith(f"forgotten: {person}\n")) == (0, True)
    assert rights.everything_of(settings.env, person)["events"] == []


def test_a_subscriber_is_found_by_address() -> None:
    people = [("Ada@example.com", "A" * 22)]
    assert rights.person_meant(" ada@Example.com", lambda: people) == "A" * 22
    with pytest.raises(MilepostError):
        rights.person_meant("ben@example.com", lambda: people)


def test_a_report_from_before_somebody_was_forgotten_is_made_anew(settings: Settings) -> None:
    var = settings.env.var
    (var / "inbox").mkdir(parents=True)
    assert not keeping._is_stale(var)
    report = var / "report/index.html"
    report.parent.mkdir()
    report.write_text("as it was")
    os.utime(report, (0, 0))
    assert not keeping._is_stale(var)
    erase(settings.env, "A" * 22)
    assert keeping._is_stale(var)
    report.write_text("anew")
    assert not keeping._is_stale(var)


def test_forgetting_twice_is_no_different(settings: Settings) -> None:
    (settings.env.var / "inbox").mkdir(parents=True)
    first, second = (erase(settings.env, "A" * 22) for _ in range(2))
    assert (first.archive, second.archive) == (0, 0)
    assert len((settings.env.var / "forgotten/people").read_text().split()) == 1
