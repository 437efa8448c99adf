"""The newsletter's routes, and what runs beside them: the sender of notices, and the expiry of signups.

Mails are sent by others; a request only queues them, and is answered before any is. No address is ever logged.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from milepost.newsletter import notices, pages, store
from milepost.newsletter.access import Access
from milepost.newsletter.addresses import BadAddress, address_of
from milepost.newsletter.answers import answer_with
from milepost.newsletter.gate import BadForm, Gate, form_of, is_foreign, page_of
from milepost.newsletter.model import TOUCHPOINT_PATTERN, UNKNOWN_TOUCHPOINT, Topic
from milepost.newsletter.own_pages import OwnPages
from milepost.newsletter.shell import shell_of, topics_of
from milepost.newsletter.tokens import BadToken, ExpiredToken, Tokens
from milepost.settings import Settings

__all__ = ["Newsletter", "shell_of", "topics_of"]

log = logging.getLogger(__name__)

SWEEP_SECONDS = 3600.0
LOCK_SECONDS = 2.0
"""How soon another process sends the notices when the one that did has died."""
LONGEST_PAUSE_SECONDS = 60.0

PACE_SECONDS = 0.1
"""A signup is answered so long after it came, or twice as long, or thrice: how long the database took for an address
that is known, and for one that is not, is nobody else's to see."""

Handler = Callable[[Request], Awaitable[Response]]


class Newsletter:
    """What one process does for the newsletter of one site. `async with` it while its routes are served.

    Args:
        shell: makes a page in the site's theme of a title and the HTML of `<main>`.
        person_of: who a request belongs to; None without a yes.
        signed_up: awaited with touchpoint and person once for every confirmed signup.
        clock: gives the time, UTC.
        topics: what readers may choose now.
        pace_seconds: see PACE_SECONDS.
    """

    def __init__(
        self,
        settings: Settings,
        shell: Callable[[str, str], str],
        person_of: Callable[[Request], str | None],
        signed_up: Callable[[str, str | None], Awaitable[None]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        topics: Callable[[], Sequence[Topic]] = tuple,
        pace_seconds: float = PACE_SECONDS,
    ) -> None:
        self._settings, self._clock, self._pace_seconds = settings, clock, pace_seconds
        self._person_of, self._signed_up, self._topics = person_of, signed_up, topics
        self._page = answer_with(shell)
        self._gate = Gate(settings.env.limits)
        self._wake = asyncio.Event()
        self._beside: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Newsletter:
        self._access = Access(await run_in_threadpool(store.open_store, self._settings.env))
        tokens = Tokens(self._settings.env.secret(), self._clock)
        self._own = OwnPages(
            self._settings, self._access, tokens, self._page, self._signed_up, self._topics, self._clock
        )
        self._beside = [asyncio.create_task(self._send_notices()), asyncio.create_task(self._expire())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._beside:
            task.cancel()
        for task in self._beside:
            with suppress(asyncio.CancelledError):
                await task
        self._access.engine.dispose()

    def routes(self) -> list[BaseRoute]:
        both, get, post = ["GET", "POST"], ["GET"], ["POST"]

        def own(name: str) -> Handler:
            # Looked up late: a page of one's own needs the database, which is opened after the routes are made.
            async def handler(request: Request) -> Response:
                return await getattr(self._own, name)(request)  # type: ignore[no-any-return]

            return handler

        return [
            Route("/newsletter/subscribe", partial(self._answer, self._show_subscribe), methods=get),
            Route("/newsletter/subscribe", partial(self._answer, self._subscribe), methods=post),
            Route("/newsletter/confirm/{token}", partial(self._answer, own("confirm")), methods=both),
            Route("/newsletter/unsubscribe/{token}", partial(self._answer, own("leave")), methods=both),
            Route("/newsletter/preferences/{token}", partial(self._answer, own("preferences")), methods=both),
            Route("/newsletter/one-click/{token}", partial(self._answer, own("one_click")), methods=both),
        ]

    async def _answer(self, handler: Handler, request: Request) -> Response:
        try:
            return await handler(request)
        except ExpiredToken as error:
            return self._page(pages.link_expired(error.made), 410)
        except BadToken:
            return self._page(pages.link_broken(), 404)
        except (BadForm, ClientDisconnect):
            return self._page(pages.unreadable(), 400)
        except SQLAlchemyError as error:
            # Its type alone: what a driver says may have an address in it.
            log.error("the newsletter's database does not answer: %s", type(error).__name__)
            return self._page(pages.not_now(), 503)

    async def _show_subscribe(self, _: Request) -> Response:
        return self._page(pages.subscribe(), 200)

    async def _subscribe(self, request: Request) -> Response:
        began = time.monotonic()
        if is_foreign(request, self._settings.site.url):
            return self._page(pages.not_from_here(), 403)
        form = await form_of(request)
        if not self._gate.lets_network(request):
            return self._page(pages.too_many(), 429)
        try:
            address = address_of(form.get("address", ""))
        except BadAddress as error:
            return self._page(pages.wrong_address(str(error)), 400)
        # A robot, and a flood of one address, get the answer that everybody gets.
        if not form.get("more") and self._gate.lets_address(address):
            touchpoint = form.get("touchpoint", "")
            known = re.fullmatch(TOUCHPOINT_PATTERN, touchpoint)
            await self._access.write(
                store.sign_up,
                address,
                touchpoint if known else UNKNOWN_TOUCHPOINT,
                self._person_of(request),
                page_of(request, self._settings.site.url),
                self._settings.site.lang,
                self._clock(),
            )
            self._wake.set()
        if self._pace_seconds:
            await asyncio.sleep(self._pace_seconds - (time.monotonic() - began) % self._pace_seconds)
        return self._page(pages.look_into_your_mail(), 200)

    async def _send_notices(self) -> None:
        """Send what is due, in one process of all that serve this site; begin again when that fails."""
        path = self._settings.env.var / "notices.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            while not _locked(lock):
                await asyncio.sleep(LOCK_SECONDS)
            pause = 1.0
            while True:
                try:
                    await notices.run(self._access.engine, self._settings, self._wake)
                except Exception as error:
                    log.error("notices are not sent: %s; again in %g s", type(error).__name__, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _expire(self) -> None:
        while True:
            try:
                await self._access.write(store.expire_pending, self._clock())
            except SQLAlchemyError as error:
                log.error("late signups are still there: %s", type(error).__name__)
            await asyncio.sleep(SWEEP_SECONDS)


def _locked(lock: Any) -> bool:
    """Whether the lock is ours now; it dies with its process."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
