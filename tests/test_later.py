"""A part of the app that is made while others answer already; and that what it needs is not imported before."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from milepost.errors import SettingsError
from milepost.later import Later

NEEDED_LATER = {"sqlalchemy", "alembic", "duckdb", "ibis", "pyarrow", "scipy", "css_inline", "dkim", "httpx"}


class Greeting:
    """A part that says whether it runs."""

    def __init__(self) -> None:
        self.runs = False

    async def __aenter__(self) -> Greeting:
        self.runs = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.runs = False

    def routes(self) -> list[BaseRoute]:
        async def answer(_: Request) -> Response:
            return PlainTextResponse(str(self.runs))

        return [Route("/part/hello", answer)]


def asked(make: Callable[[], Greeting], *paths: str) -> tuple[list[tuple[int, str]], Later]:
    """(status, text) of each path, asked before the part can be there."""
    later = Later(make)

    async def run() -> list[tuple[int, str]]:
        transport = httpx.ASGITransport(Starlette(routes=[Route("/part/{rest:path}", later)]))
        async with later, httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            answers = [await client.get(path) for path in paths]
        return [(answer.status_code, answer.text) for answer in answers]

    return asyncio.run(run()), later


def test_the_first_request_waits_until_the_part_runs_and_leaving_ends_it() -> None:
    part = Greeting()
    answers, _ = asked(lambda: part, "/part/hello", "/part/none")
    assert answers == [(200, "True"), (404, "Not Found")]
    assert not part.runs


def test_a_part_that_cannot_run_says_why_and_answers_503() -> None:
    def make() -> Greeting:
        raise SettingsError("MILEPOST_DATABASE_URL: none")

    answers, later = asked(make, "/part/hello")
    assert answers == [(503, "not now\n")]
    assert str(later.fault) == "MILEPOST_DATABASE_URL: none"


def test_the_app_imports_no_database_engine_or_mail_before_it_answers() -> None:
    script = "import sys, json, milepost.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in json.loads(done.stdout)} & NEEDED_LATER == set()
