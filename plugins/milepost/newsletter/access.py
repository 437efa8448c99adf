"""The database from within a request: every query in a thread, with a transaction of its own. Knows no table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from milepost import db


class Access:
    """Reads and writes for the handlers of requests."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def read(self, query: Callable[..., Any], *arguments: object) -> Any:
        """What `query(connection, *arguments)` returns, of one moment's state."""

        def run() -> Any:
            with db.reading(self.engine) as connection:
                return query(connection, *arguments)

        return await run_in_threadpool(run)

    async def write(self, change: Callable[..., Any], *arguments: object) -> Any:
        """What `change(connection, *arguments)` returns, once it is committed."""

        def run() -> Any:
            with self.engine.begin() as connection:
                return change(connection, *arguments)

        return await run_in_threadpool(run)
