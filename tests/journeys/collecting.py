"""A real collector for tests: in a thread of this process, or as a process of its own to be killed.

As a program: `python collecting.py VAR SITE [TRANSITION TIME]` serves on a free port, and prints it; it kills itself
when the transition comes the given time.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import uvicorn
from starlette.applications import Starlette

from milepost.journeys import model
from milepost.journeys.archive import archive_inboxes
from milepost.journeys.collector import Collector
from milepost.settings import Environment, Settings, Site, environment

TOUCHPOINTS = ("blog/first", "blog/second", "docs/index", "site/newsletter", "site/404")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def settings_for(root: Path, limits: str = "off", **ours: Any) -> Settings:
    """Settings of a site in `root`, whose manifest has TOUCHPOINTS; `ours` are those of the slice."""
    output = root / "output"
    output.mkdir(parents=True, exist_ok=True)
    write_manifest(root, TOUCHPOINTS)
    site = Site(
        name="A site", url="http://site.example", timezone="UTC", lang="en", content=root, output=output, theme=root,
        article_paths=(), page_paths=(), file=root / "pelicanconf.py",
    )  # fmt: skip
    env = environment({"MILEPOST_VAR": str(root / "var"), "MILEPOST_LIMITS": limits})
    return Settings(site=site, env=env, enabled=("journeys",), models={"journeys": model.Settings(**ours)})


def write_manifest(root: Path, ids: tuple[str, ...]) -> None:
    manifest = {"version": 1, "touchpoints": [{"id": id_, "url": f"/{id_}/"} for id_ in ids]}
    (root / "output/touchpoints.json").write_text(json.dumps(manifest))


def event(type_: str = "view", touchpoint: str = "blog/first", at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """A valid event of the wire, with an id of its own."""
    return {"id": new_id(), "type": type_, "touchpoint": touchpoint, "at": rfc3339(at), **more}


def new_id() -> str:
    number = secrets.randbits(128) & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=number))


def rfc3339(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


class Clock:
    """A clock that tests move."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Running:
    """A collector that serves, and what it works on."""

    url: str
    port: int
    settings: Settings
    collector: Collector
    clock: Clock
    loop: asyncio.AbstractEventLoop

    def client(self, **headers: str) -> httpx.Client:
        """A browser: cookies of its own, and these headers."""
        # No certificates are read: that takes longer than most tests.
        named = {"user-agent": BROWSER, **{name.replace("_", "-"): value for name, value in headers.items()}}
        made = httpx.Client(base_url=self.url, headers=named, verify=False)
        made.headers.encoding = "utf-8"
        return made

    def send(self, *events: dict[str, Any], client: httpx.Client | None = None, query: str = "") -> httpx.Response:
        """POST the events as sendBeacon does."""
        headers = {"content-type": "text/plain;charset=UTF-8"}
        with nullcontext(client) if client else self.client() as sender:
            return sender.post(f"/journey/v1/events{query}", content=json.dumps(events), headers=headers)

    def archived(self) -> list[dict[str, Any]]:
        archive_inboxes(self.settings.env, clock=self.clock)
        return rows(self.settings.env)


def rows(env: Environment) -> list[dict[str, Any]]:
    """Every row of every Parquet file, as a plain reader finds them; by time."""
    files = sorted(Path(env.archive_url).glob("month=*/*.parquet"))
    # Read one by one: a folder's name is no column of the archive.
    found = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return sorted(found, key=lambda row: (row["at"], row["id"]))


def app_of(collector: Collector) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        async with collector:
            yield

    return Starlette(routes=collector.routes(), lifespan=lifespan)


@contextmanager
def running(settings: Settings, clock: Clock | None = None) -> Iterator[Running]:
    """Serve a collector on a free port of this machine."""
    clock = clock or Clock()
    collector = Collector(settings, settings.site.output, clock=clock)
    listening = listen()
    server = uvicorn.Server(uvicorn.Config(app_of(collector), log_level="warning", access_log=False))
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve([listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    wait_for(lambda: server.started or not thread.is_alive())
    port = listening.getsockname()[1]
    try:
        yield Running(f"http://127.0.0.1:{port}", port, settings, collector, clock, loops[0])
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def listen() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    return listening


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    done = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError(f"not within {seconds} s")


def main() -> None:
    var, site = (Path(argument) for argument in sys.argv[1:3])
    transition, left = sys.argv[3] if sys.argv[3:] else "", [int(sys.argv[4]) if sys.argv[4:] else 0]

    def kill(at: str) -> None:
        left[0] -= at == transition
        if at == transition and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = settings_for(site).model_copy(
        update={"env": environment({"MILEPOST_VAR": str(var), "MILEPOST_LIMITS": "off"})}
    )
    listening = listen()
    print(listening.getsockname()[1], flush=True)
    app = app_of(Collector(settings, settings.site.output, at=kill))
    asyncio.run(uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).serve([listening]))


if __name__ == "__main__":
    main()
