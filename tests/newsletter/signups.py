"""A real newsletter for tests, served in a thread of this process, with a clock that tests move."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import Engine, select
from starlette.applications import Starlette
from starlette.requests import Request

from milepost import db
from milepost.newsletter import tables
from milepost.newsletter.model import SHELL, Topic
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.service import Newsletter, shell_of
from milepost.newsletter.tokens import Tokens
from milepost.settings import Settings, Site, environment

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PERSON = "AAAAAAAAAAAAAAAAAAAAAA"
TOPICS = (Topic("strategy", "Strategy"), Topic("docs", "Docs"), Topic("tools", "Tools & <trades>"))
SHELL_TEXT = """\
<html lang="en"><head><title>Newsletter · A site</title></head>
<body><main><!-- milepost:slot --><h1>Newsletter</h1><!-- /milepost:slot --></main></body></html>
"""


def settings_for(root: Path, database_url: str = "", limits: str = "off") -> Settings:
    """Settings of a site in `root`, with a built shell, whose address is http://site.example."""
    shell = root / "output" / SHELL
    shell.parent.mkdir(parents=True, exist_ok=True)
    shell.write_text(SHELL_TEXT)
    site = Site(
        name="A site", url="http://site.example", timezone="UTC", lang="en", content=root, output=root / "output",
        theme=root, article_paths=(), page_paths=(), file=root / "pelicanconf.py",
    )  # fmt: skip
    given = {"MILEPOST_VAR": str(root / "var"), "MILEPOST_LIMITS": limits, "MILEPOST_DATABASE_URL": database_url}
    ours = NewsletterSettings(name="Letters", sender="letters@site.example", postal_address="1 Example Street")
    return Settings(site=site, env=environment(given), enabled=("newsletter",), models={"newsletter": ours})


@dataclass
class Serving:
    """A newsletter that serves, and what it tells others."""

    url: str
    settings: Settings
    engine: Engine
    now: datetime = NOW
    signed_up: list[tuple[str, str | None]] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        # No certificates are read: that takes longer than most tests.
        return httpx.Client(base_url=self.url, headers=named, verify=False)

    def post(self, path: str, **fields: str | list[str]) -> httpx.Response:
        with self.client() as client:
            return client.post(path, data=fields)

    def get(self, path: str) -> httpx.Response:
        with self.client() as client:
            return client.get(path)

    def token(self, purpose: Any, subscriber_id: int = 1) -> str:
        return Tokens(self.settings.env.secret(), lambda: self.now).make(purpose, subscriber_id)

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def begin_again(self) -> None:
        """Nobody has signed up, and it is NOW."""
        self.now = NOW
        self.signed_up.clear()
        empty(self.engine)

    def states(self) -> dict[str, str]:
        return {row.address: row.state for row in self.rows(tables.subscriber)}

    def rows(self, table: Any) -> list[Any]:
        with db.reading(self.engine) as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key.columns)))

    def everything(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        return {table.name: self.rows(table) for table in tables.metadata.sorted_tables}


def empty(engine: Engine) -> None:
    """Take every row out of a store; ids begin with 1 again."""
    every = tables.metadata.sorted_tables
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in every)} RESTART IDENTITY")
            return
        for table in reversed(every):
            connection.execute(table.delete())
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")


@contextmanager
def serving(settings: Settings, sends: bool = False, pace_seconds: float = 0.0) -> Iterator[Serving]:
    """Serve a newsletter on a free port; unless it `sends`, its notices stay queued.

    Args:
        pace_seconds: 0 answers signups as soon as they are kept, which tests of other things want.
    """
    lock = settings.env.var / "notices.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    served = Serving(url, settings, db.engine_for(settings.env.database_url))

    async def signed_up(touchpoint: str, person: str | None) -> None:
        served.signed_up.append((touchpoint, person))

    def person_of(request: Request) -> str | None:
        return request.cookies.get("milepost_person")

    letters = Newsletter(
        settings, shell_of(settings.site.output), person_of, signed_up, lambda: served.now, lambda: TOPICS, pace_seconds
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        async with letters:
            yield

    app = Starlette(routes=letters.routes(), lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    with lock.open("w") as held:
        if not sends:
            # As another process would that sends this site's notices.
            fcntl.flock(held, fcntl.LOCK_EX)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        try:
            yield served
        finally:
            server.should_exit = True
            thread.join()
            listening.close()
            served.engine.dispose()
