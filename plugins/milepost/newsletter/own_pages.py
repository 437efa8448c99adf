"""The addresses that a reader has from a mail: confirm, leave, one click, preferences with export and erasure.

Whoever has the link may act, by POST alone; opening it changes nothing, however often a scanner does.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from milepost.newsletter import choice_pages, erasure, pages, store
from milepost.newsletter.access import Access
from milepost.newsletter.answers import HEADERS, Answer
from milepost.newsletter.choices import choices_of, choose, chosen
from milepost.newsletter.gate import fields_of, is_foreign
from milepost.newsletter.model import PENDING_LIFE, Confirmed, Topic
from milepost.newsletter.outbox import Outbox
from milepost.newsletter.tokens import Purpose, Tokens
from milepost.settings import Settings

OnToken = Callable[[int, Request], Awaitable[Response]]


class OwnPages:
    """The tokenised routes of one newsletter.

    Args:
        signed_up: awaited with touchpoint and person once for every confirmed signup.
        topics: what readers may choose now.
        clock: gives the time, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        access: Access,
        tokens: Tokens,
        answer: Answer,
        signed_up: Callable[[str, str | None], Awaitable[None]],
        topics: Callable[[], Sequence[Topic]],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings, self._access, self._tokens, self._clock = settings, access, tokens, clock
        self._answer, self._signed_up, self._topics = answer, signed_up, topics
        self._secret, self._zone = settings.env.secret(), settings.site.timezone

    async def confirm(self, request: Request) -> Response:
        return await self._at_token("confirm", self._ask_to_confirm, self._confirm, request)

    async def leave(self, request: Request) -> Response:
        return await self._at_token("unsubscribe", self._ask_to_leave, self._leave, request)

    async def preferences(self, request: Request) -> Response:
        return await self._at_token("preferences", self._preferences, self._change, request)

    async def one_click(self, request: Request) -> Response:
        """RFC 8058: a mail program's POST, from any origin. Whoever opens it gets the page with a button."""
        subscriber_id = self._tokens.read("one-click", request.path_params["token"])
        if request.method == "POST":
            await self._access.write(store.unsubscribe, subscriber_id, self._clock())
            return PlainTextResponse("unsubscribed\n", headers=HEADERS)
        return RedirectResponse(self._link("unsubscribe", subscriber_id), 303, HEADERS)

    async def _at_token(self, purpose: Purpose, show: OnToken, act: OnToken, request: Request) -> Response:
        subscriber_id = self._tokens.read(purpose, request.path_params["token"])
        if request.method != "POST":
            return await show(subscriber_id, request)
        if is_foreign(request, self._settings.site.url):
            return self._answer(pages.not_from_here(), 403)
        return await act(subscriber_id, request)

    def _link(self, purpose: Purpose, subscriber_id: int) -> str:
        """The address of another page of theirs, as one of them leads to it."""
        return f"../{purpose}/{self._tokens.make(purpose, subscriber_id)}"

    async def _ask_to_confirm(self, subscriber_id: int, _: Request) -> Response:
        row = await self._access.read(store.subscriber, subscriber_id)
        if row and row.state == "active":
            return self._answer(pages.subscribed(self._link("preferences", subscriber_id)), 200)
        if row and row.state == "pending" and row.asked_at > self._clock() - PENDING_LIFE:
            page = choice_pages.confirm(row.address, chosen(row), self._topics(), self._zone)
            return self._answer(page, 200)
        return self._answer(pages.link_used(), 410)

    async def _confirm(self, subscriber_id: int, request: Request) -> Response:
        fields = await fields_of(request)

        def confirmed_by(connection: Connection) -> Confirmed | None:
            now = self._clock()
            confirmed = store.confirm(connection, subscriber_id, now)
            row = store.subscriber(connection, subscriber_id) if confirmed else None
            if row:
                store.lift_suppression(connection, self._secret, row.address)
            # A mail program's button sends no fields: then it stays with what there is.
            if row and fields:
                choose(connection, subscriber_id, choices_of(fields, self._topics()))
            return confirmed

        confirmed: Confirmed | None = await self._access.write(confirmed_by)
        if confirmed:
            await self._signed_up(confirmed.touchpoint, confirmed.person)
        return await self._ask_to_confirm(subscriber_id, request)

    async def _ask_to_leave(self, subscriber_id: int, _: Request) -> Response:
        row = await self._access.read(store.subscriber, subscriber_id)
        if row and row.state in ("active", "pending"):
            return self._answer(pages.unsubscribe(row.address), 200)
        return self._answer(pages.unsubscribed(), 200)

    async def _leave(self, subscriber_id: int, _: Request) -> Response:
        await self._access.write(store.unsubscribe, subscriber_id, self._clock())
        return self._answer(pages.unsubscribed(), 200)

    async def _preferences(self, subscriber_id: int, _: Request, *, saved: bool = False) -> Response:
        def found(connection: Connection) -> tuple[Row[Any] | None, Row[Any] | None]:
            return store.subscriber(connection, subscriber_id), store.last_consent(connection, subscriber_id)

        row, agreed = await self._access.read(found)
        if row is None:
            return self._answer(pages.unsubscribed(), 200)
        leave = self._link("unsubscribe", subscriber_id)
        page = choice_pages.preferences(row, agreed, self._topics(), self._zone, leave, saved=saved)
        return self._answer(page, 200)

    async def _change(self, subscriber_id: int, request: Request) -> Response:
        fields = await fields_of(request)
        match fields.get("do"):
            case ["export"]:
                return await self._export(subscriber_id)
            case ["erase"] if fields.get("sure") == ["yes"]:
                return await self._erase(subscriber_id)
            case ["save"]:
                return await self._save(subscriber_id, request, fields)
        return await self._preferences(subscriber_id, request)

    async def _save(self, subscriber_id: int, request: Request, fields: Mapping[str, list[str]]) -> Response:
        await self._access.write(choose, subscriber_id, choices_of(fields, self._topics()))
        return await self._preferences(subscriber_id, request, saved=True)

    async def _export(self, subscriber_id: int) -> Response:
        everything = await self._access.read(erasure.everything_of, subscriber_id)
        text = json.dumps(everything, ensure_ascii=False, indent=1) + "\n"
        as_file = {"Content-Disposition": 'attachment; filename="subscription.json"'}
        return Response(text, media_type="application/json", headers=HEADERS | as_file)

    async def _erase(self, subscriber_id: int) -> Response:
        row = await self._access.read(store.subscriber, subscriber_id)
        await self._access.write(erasure.erase, self._secret, subscriber_id, self._clock())
        if row:
            await run_in_threadpool(erasure.wipe, self._access.engine)
            await run_in_threadpool(Outbox(self._settings.env.var / "outbox").erase, row.address)
        return self._answer(pages.erased(), 200)
