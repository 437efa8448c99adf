"""A part of the app that is made while others answer already: what it imports takes longer than all of theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from milepost.errors import MilepostError

log = logging.getLogger(__name__)


class Part(AbstractAsyncContextManager[Any], Protocol):
    """What has routes, and runs while they are served."""

    def routes(self) -> list[BaseRoute]:
        """The routes."""


class Later:
    """An ASGI app for the part that `make` gives. `async with` it while it is served.

    Its first requests wait until the part runs. One that cannot run answers 503, and `fault` says why.
    """

    def __init__(self, make: Callable[[], Part]) -> None:
        self._make = make
        self._part: Part | None = None
        self._router = Router()
        self.fault: MilepostError | None = None

    async def __aenter__(self) -> Later:
        self._starting = asyncio.create_task(self._start())
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(asyncio.CancelledError):
            await self._starting
        if self._part:
            await self._part.__aexit__(None, None, None)

    async def _start(self) -> None:
        try:
            part = await asyncio.to_thread(self._make)
            await part.__aenter__()
        except MilepostError as error:
            log.error("%s", error)
            self.fault = error
        else:
            self._part, self._router = part, Router(part.routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.shield(self._starting)
        if self.fault:
            await PlainTextResponse("not now\n", 503, {"Retry-After": "30"})(scope, receive, send)
        else:
            await self._router(scope, receive, send)
