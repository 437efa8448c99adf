"""The newsletter's routes, and what runs beside them: the sender of notices, and the expiry of signups.

Mails are sent by others; a request only queues them, and is answered before any is. No address is ever logged.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from milepost import db
from milepost.newsletter import notices, pages, store
from milepost.newsletter.gate import BadForm, Gate, form_of, is_foreign, page_of
from milepost.newsletter.model import PENDING_LIFE, TOUCHPOINT_PATTERN, UNKNOWN_TOUCHPOINT, Confirmed
from milepost.newsletter.pages import Page
from milepost.newsletter.shell import shell_of
from milepost.newsletter.tokens import BadToken, ExpiredToken, Purpose, Tokens
from milepost.settings import Settings

__all__ = ["Newsletter", "shell_of"]

log = logging.getLogger(__name__)

SWEEP_SECONDS = 3600.0
LOCK_SECONDS = 2.0
"""How soon another process sends the notices when the one that did has died."""
LONGEST_PAUSE_SECONDS = 60.0

_HEADERS = {
    "Cache-Control": "no-store",
    # What a meta element cannot hold: nobody frames the button. The theme's own policy governs the rest.
    "Content-Security-Policy": "frame-ancestors 'none'",
    # The address has a token in it; but with `no-referrer` browsers would post `Origin: null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

Handler = Callable[[Request], Awaitable[Response]]
OnToken = Callable[[int], Awaitable[Response]]


class Newsletter:
    """What one process does for the newsletter of one site. `async with` it while its routes are served.

    Args:
        shell: makes a page in the site's theme of a title and the HTML of `<main>`.
        person_of: who a request belongs to; None without a yes.
        signed_up: awaited with touchpoint and person once for every confirmed signup.
        clock: gives the time, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        shell: Callable[[str, str], str],
        person_of: Callable[[Request], str | None],
        signed_up: Callable[[str, str | None], Awaitable[None]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._shell, self._clock = settings, shell, clock
        self._person_of, self._signed_up = person_of, signed_up
        self._gate = Gate(settings.env.limits)
        self._wake = asyncio.Event()
        self._beside: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Newsletter:
        self._engine = await run_in_threadpool(store.open_store, self._settings.env)
        self._tokens = Tokens(self._settings.env.secret(), self._clock)
        self._beside = [asyncio.create_task(self._send_notices()), asyncio.create_task(self._expire())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._beside:
            task.cancel()
        for task in self._beside:
            with suppress(asyncio.CancelledError):
                await task
        self._engine.dispose()

    def routes(self) -> list[BaseRoute]:
        confirm = partial(self._at_token, "confirm", self._ask_to_confirm, self._confirm)
        leave = partial(self._at_token, "unsubscribe", self._ask_to_leave, self._leave)
        preferences = partial(self._at_token, "preferences", self._preferences, None)
        both, get, post = ["GET", "POST"], ["GET"], ["POST"]
        return [
            Route("/newsletter/subscribe", partial(self._answer, self._show_subscribe), methods=get),
            Route("/newsletter/subscribe", partial(self._answer, self._subscribe), methods=post),
            Route("/newsletter/confirm/{token}", partial(self._answer, confirm), methods=both),
            Route("/newsletter/unsubscribe/{token}", partial(self._answer, leave), methods=both),
            Route("/newsletter/preferences/{token}", partial(self._answer, preferences), methods=get),
            Route("/newsletter/one-click/{token}", partial(self._answer, self._one_click), methods=both),
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

    def _page(self, page: Page, status: int = 200) -> Response:
        return HTMLResponse(self._shell(page.title, page.html), status, _HEADERS)

    async def _show_subscribe(self, _: Request) -> Response:
        return self._page(pages.subscribe())

    async def _subscribe(self, request: Request) -> Response:
        if is_foreign(request, self._settings.site.url):
            return self._page(pages.not_from_here(), 403)
        form = await form_of(request)
        if not self._gate.lets_network(request):
            return self._page(pages.too_many(), 429)
        try:
            address = validate_email(form.get("address", "").strip(), check_deliverability=False).normalized
        except EmailNotValidError as error:
            return self._page(pages.wrong_address(str(error)), 400)
        # A robot, and a flood of one address, get the answer that everybody gets.
        if not form.get("more") and self._gate.lets_address(address):
            touchpoint = form.get("touchpoint", "")
            known = re.fullmatch(TOUCHPOINT_PATTERN, touchpoint)
            await self._write(
                store.sign_up,
                address,
                touchpoint if known else UNKNOWN_TOUCHPOINT,
                self._person_of(request),
                page_of(request, self._settings.site.url),
                self._settings.site.lang,
                self._clock(),
            )
            self._wake.set()
        return self._page(pages.look_into_your_mail())

    async def _at_token(self, purpose: Purpose, show: OnToken, act: OnToken | None, request: Request) -> Response:
        subscriber_id = self._tokens.read(purpose, request.path_params["token"])
        if act is None or request.method != "POST":
            return await show(subscriber_id)
        if is_foreign(request, self._settings.site.url):
            return self._page(pages.not_from_here(), 403)
        return await act(subscriber_id)

    async def _ask_to_confirm(self, subscriber_id: int) -> Response:
        row = await self._read(store.subscriber, subscriber_id)
        if row and row.state == "active":
            return self._page(pages.subscribed())
        if row and row.state == "pending" and row.asked_at > self._clock() - PENDING_LIFE:
            return self._page(pages.confirm(row.address))
        return self._page(pages.link_used(), 410)

    async def _confirm(self, subscriber_id: int) -> Response:
        def confirmed_by(connection: Connection) -> Confirmed | None:
            confirmed = store.confirm(connection, subscriber_id, self._clock())
            row = store.subscriber(connection, subscriber_id) if confirmed else None
            if row:
                store.lift_suppression(connection, self._settings.env.secret(), row.address)
            return confirmed

        confirmed: Confirmed | None = await self._write(confirmed_by)
        if confirmed:
            await self._signed_up(confirmed.touchpoint, confirmed.person)
            return self._page(pages.subscribed())
        return await self._ask_to_confirm(subscriber_id)

    async def _ask_to_leave(self, subscriber_id: int) -> Response:
        row = await self._read(store.subscriber, subscriber_id)
        if row and row.state in ("active", "pending"):
            return self._page(pages.unsubscribe(row.address))
        return self._page(pages.unsubscribed())

    async def _leave(self, subscriber_id: int) -> Response:
        await self._write(store.unsubscribe, subscriber_id, self._clock())
        return self._page(pages.unsubscribed())

    async def _one_click(self, request: Request) -> Response:
        """RFC 8058: a mail program's POST, from any origin. Whoever opens it gets the page with a button."""
        subscriber_id = self._tokens.read("one-click", request.path_params["token"])
        if request.method == "POST":
            await self._write(store.unsubscribe, subscriber_id, self._clock())
            return PlainTextResponse("unsubscribed\n", headers=_HEADERS)
        page = f"../unsubscribe/{self._tokens.make('unsubscribe', subscriber_id)}"
        return RedirectResponse(page, 303, _HEADERS)

    async def _preferences(self, subscriber_id: int) -> Response:
        def found(connection: Connection, id_: int) -> tuple[Row[Any] | None, Row[Any] | None]:
            return store.subscriber(connection, id_), store.last_consent(connection, id_)

        row, agreed = await self._read(found, subscriber_id)
        if row is None or agreed is None:
            return self._page(pages.unsubscribed())
        leave = f"../unsubscribe/{self._tokens.make('unsubscribe', subscriber_id)}"
        page = pages.preferences(row.address, row.state, row.changed_at, agreed.wording, agreed.page, leave)
        return self._page(page)

    async def _read(self, query: Callable[..., Any], *arguments: object) -> Any:
        def run() -> Any:
            with db.reading(self._engine) as connection:
                return query(connection, *arguments)

        return await run_in_threadpool(run)

    async def _write(self, change: Callable[..., Any], *arguments: object) -> Any:
        def run() -> Any:
            with self._engine.begin() as connection:
                return change(connection, *arguments)

        return await run_in_threadpool(run)

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
                    await notices.run(self._engine, self._settings, self._wake)
                except Exception as error:
                    log.error("notices are not sent: %s; again in %g s", type(error).__name__, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _expire(self) -> None:
        while True:
            try:
                await self._write(store.expire_pending, self._clock())
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
