"""`milepost app` as it runs in production: its health, its figures, its log, and what it does by itself."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from collecting import BROWSER, event, rows, running, settings_for, wait_for

from milepost.journeys import parquet
from milepost.journeys.keeping import keep_archived
from milepost.journeys.parquet import Row
from serving import free_port

CONF = """
TIMEZONE = "UTC"
SITEURL = "http://site.example"
PLUGINS = ["milepost.journeys"]
"""


@contextmanager
def app(root: Path, log: Path) -> Iterator[tuple[str, float]]:
    """(address, seconds of computing until it answered) of `milepost app` for a site in `root`."""
    settings_for(root)
    (root / "pelicanconf.py").write_text(CONF)
    (root / "content").mkdir()
    port = free_port()
    command = [sys.executable, "-m", "milepost.cli", "app", "--port", str(port)]
    with log.open("w") as err:
        env = {**os.environ, "MILEPOST_VAR": str(root / "var")}
        process = subprocess.Popen(command, cwd=root, env=env, stderr=err)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/healthz", timeout=5, verify=False).status_code == 200
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            return False

    wait_for(answers)
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    try:
        yield url, seconds
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)


def test_health_figures_and_log_tell_what_is_wrong_and_of_whom_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with app(tmp_path, log) as (url, seconds):
        # Of computing, not of waiting: other tests run beside this one. With the robots' lists, read meanwhile.
        assert seconds < 1.5
        agent = f"{BROWSER} Agent-007"
        with httpx.Client(base_url=url, headers={"user-agent": agent, "content-type": "text/plain"}) as reader:
            reader.post("/journey/v1/consent", content="yes")
            person = reader.cookies["milepost_person"]

            def send(touchpoint: str) -> int:
                sent = json.dumps([event(at=datetime.now(UTC), touchpoint=touchpoint)])
                return reader.post("/journey/v1/events", content=sent).status_code

            assert [send("blog/first"), send("blog/gone"), reader.post("/journey/v1/events").status_code] == [
                204,
                204,
                400,
            ]
            answer = reader.get("/metrics")
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            figures = dict(re.findall(r'^milepost_(\w+)\{inbox="inbox-1"[^}]*\} (\d+)$', answer.text, re.M))
            assert {name: figures[name] for name in ("events_total", "events_aside_total", "waiting")} == {
                "events_total": "1", "events_aside_total": "1", "waiting": "0",
            }  # fmt: skip
            assert 'milepost_answers_total{inbox="inbox-1",status="400"} 1' in answer.text
            with closing(sqlite3.connect(tmp_path / "var/inbox/inbox-1.sqlite")) as connection:
                connection.execute("ALTER TABLE requests RENAME TO gone")
                assert send("blog/first") == 503
                assert reader.get("/healthz").status_code == 503
                connection.execute("ALTER TABLE gone RENAME TO requests")
            assert send("blog/first") == 204
            assert reader.get("/healthz").text == "ok\n"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["level"], line["logger"]) for line in lines] == [("error", "milepost.journeys.collector")]
    assert set(lines[0]) == {"time", "level", "logger", "message"}
    assert lines[0]["message"].startswith("not collected: ")
    assert not [one for one in (person, "Agent-007", "127.0.0.1", "blog/first") if one in log.read_text()]


def test_the_app_archives_and_removes_what_is_old_by_itself_and_only_one_process_does(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    archive = Path(settings.env.archive_url)
    old = Row(bytes(16), 0, 0, "view", "blog/first", "counted", *[None] * 7)
    parquet.write(parquet.ordered([old]), archive / "month=1970-01/old.parquet")
    (tmp_path / "pelicanconf.py").write_text(CONF)
    settings = settings.model_copy(update={"site": settings.site.model_copy(update={"content": tmp_path})})
    os.environ["MILEPOST_VAR"] = str(settings.env.var)
    try:
        with running(settings) as run:
            assert run.send(event()).status_code == 204

        async def keepers() -> None:
            tasks = [asyncio.create_task(keep_archived(settings, first=0, every=60)) for _ in range(2)]
            for _ in range(200):
                await asyncio.sleep(0.05)
                if [path.name for path in archive.glob("month=*")] == ["month=2026-01"]:
                    break
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(keepers())
    finally:
        del os.environ["MILEPOST_VAR"]
    assert [f"{row['at']:%Y-%m}" for row in rows(settings.env)] == ["2026-01"]
