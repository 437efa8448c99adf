"""The collector: `/journey/v1/events`, `/consent`, `/export` and `/forget`, and the events of the other services.

Turns requests into tiers and events, and answers once they are on disk. An address is read for the visit
key and for the limit; it is neither kept nor logged.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from milepost.errors import MilepostError
from milepost.journeys import bots, consent, import_service, metrics, model, wire
from milepost.journeys.elsewhere import Addresses
from milepost.journeys.forgotten import Forgotten
from milepost.journeys.gate import Gate, Refusal, body_of
from milepost.journeys.head import Head
from milepost.journeys.inbox import Adoption, Inbox, InboxUnavailable, Overloaded
from milepost.journeys.links import Links
from milepost.journeys.manifest import Manifest
from milepost.journeys.model import Consented, Counted, Event, Known, Tier
from milepost.journeys.visits import Salts, visit_key
from milepost.settings import Settings

log = logging.getLogger(__name__)

EVENTS = "/journey/v1/events"
VISIT_GAP = timedelta(minutes=30)
SWEEP_SECONDS = 60.0
"""How soon after midnight the salt of the day before is gone, even if nobody comes."""

_EVENT_TYPES = ("text/plain", "application/json", "")
_FORM = "application/x-www-form-urlencoded"
_CONSENT_TYPES = ("text/plain", _FORM, "")

_HEADER = consent.HEADER.lower().encode()

_TIER = {name: f"tier_{name}" for name in model.TIERS}
_NO_BODY = {"type": "http.response.body", "body": b""}

Handler = Callable[[Head, Receive], Awaitable[Response]]


class _Taken(Response):
    """204, and how the reader stands; without what Starlette does for an answer that has a body."""

    def __init__(self, standing: str) -> None:
        self.status_code, self.body, self.background = 204, b"", None
        self.raw_headers = [(_HEADER, standing.encode())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": self.raw_headers})
        await send(_NO_BODY)


class Collector:
    """What one process collects for one site. `async with` it while its routes are served.

    Args:
        site: the built pages; `touchpoints.json` in it says which touchpoints there are.
        clock: gives the time, UTC.
        at: called when requests come to one of the inbox's TRANSITIONS.
        addresses: of the newsletter, for imports.
        mails: tells the touchpoints of its issues.
    """

    def __init__(
        self,
        settings: Settings,
        site: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        at: Callable[[str], None] = lambda transition: None,
        addresses: Addresses | None = None,
        mails: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._settings, self._addresses = settings, addresses
        ours = settings.of(model.Settings)
        self._site_url = settings.site.url
        self._cookie_domain = ours.cookie_domain
        self._clock = clock
        self._gate = Gate(settings.site.url, ours.origins, settings.env.limits)
        self._manifest = Manifest(site / "touchpoints.json", mails)
        self._salts = Salts(settings.env.var / "salts")
        self._forgotten = Forgotten(settings.env)
        self._links = Links(settings.env)
        self._inbox = Inbox(settings.env.var / "inbox", at=at)
        self._counts: Counter[str] = Counter()

    async def __aenter__(self) -> Collector:
        await self._inbox.__aenter__()
        self._sweeper = asyncio.create_task(self._sweep())
        self._warmed = asyncio.create_task(asyncio.to_thread(bots.warm))
        await asyncio.to_thread(self._forgotten.refresh)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._warmed
        self._sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeper
        await self._inbox.__aexit__()

    def routes(self) -> list[BaseRoute]:
        handlers = {
            EVENTS: self._events,
            "/journey/v1/consent": self._consent,
            "/journey/v1/export": self._export,
            "/journey/v1/forget": self._forget,
        }

        def route(path: str, handler: Handler) -> Route:
            async def answered(request: Request) -> Response:
                return await self._answer(handler, Head(request.scope), request.receive)

            return Route(path, answered, methods=["POST"])

        return [
            *(route(path, handler) for path, handler in handlers.items()),
            import_service.route(self._settings, self._inbox.append_imported, self._addresses),
        ]

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST to EVENTS: the route as a bare ASGI app."""
        response = await self._answer(self._events, Head(scope), receive)
        await response(scope, receive, send)

    def person_of(self, request: Request) -> str | None:
        """Who a request belongs to: None without a yes, whenever GPC or DNT says no, and of who was forgotten."""
        return self._person_of(Head(request.scope))

    async def record(self, type: str, touchpoint: str, person: str | None, data: dict[str, object]) -> None:
        """Keep an event of another service of this app; it is on disk on return.

        Args:
            person: makes it `known`; None makes it `counted`.
            touchpoint: what a form said. One that the site does not have is set aside.
        Raises:
            Overloaded, InboxUnavailable: when it was not kept.
        """
        if type not in model.EVENT_TYPES:
            raise ValueError(f"no type of event: {type!r}")
        now = self._clock()
        if not re.fullmatch(model.TOUCHPOINT_PATTERN, touchpoint):
            touchpoint = "unknown"
        text = msgspec.json.encode(data).decode() if data else None
        event = Event(_uuid7(now), wire.microseconds(now), type, touchpoint, data=text)
        known = person and not self._forgotten.has(person)
        await self._keep(Known(person or "") if known else Counted(), [event], now)

    def figures(self) -> dict[str, int]:
        """Counts since the start, for metrics: `events`, `aside`, `answered_<status>`, `commits`, and `waiting` now."""
        return {**self._counts, "commits": self._inbox.commits, "waiting": self._inbox.waiting}

    def metrics(self) -> str:
        """The same, for `/metrics`."""
        return metrics.text_of(self.figures(), self._inbox.path.stem)

    @property
    def fault(self) -> MilepostError | None:
        """Why the last request could not be kept; None when it was."""
        return self._inbox.fault

    async def _events(self, head: Head, receive: Receive) -> Response:
        body = await body_of(head, receive, _EVENT_TYPES, wire.MAX_BYTES)
        now = self._clock()
        batch = wire.batch_of(body, now)
        # Nearly all wait as they came: to make events of them is the archiver's work, not the reader's to wait for.
        events = None if wire.may_be_kept_as_sent(body) else wire.events_of(batch)
        standing = consent.standing(head)
        tier = consent.tier_of(head, standing, partial(self._visit, head, now))
        if isinstance(tier, Consented):
            if self._forgotten.has(tier.person):
                tier = Counted()
            elif orders := wire.orders_of(body):
                await asyncio.to_thread(self._link, orders, tier.person)
        bot = bots.bot_in(head)
        if events is None and not self._manifest.unknown([sent.touchpoint for sent in batch]):
            await self._inbox.append_as_sent(tier, body, len(batch), wire.microseconds(now), bot)
            self._count(tier, len(batch), 0, bot)
        else:
            await self._keep(tier, wire.events_of(batch) if events is None else events, now, bot)
        return _Taken(standing)

    def _link(self, orders: list[str], person: str) -> None:
        try:
            for order in orders:
                self._links.keep(order, person)
        except sqlite3.Error as error:
            raise InboxUnavailable(f"links.sqlite: {error}; is the disk full or read-only?") from error

    async def _consent(self, head: Head, receive: Receive) -> Response:
        answer = consent.answer_in(head.media_type, await body_of(head, receive, _CONSENT_TYPES, max_bytes=1024))
        if not answer:
            raise Refusal(400, "say yes or no", field="answer")
        by_form = head.media_type == _FORM
        response = RedirectResponse(consent.page_of(head), 303) if by_form else Response(status_code=204)
        person = None
        if answer == "no":
            consent.remember(response, head, None, self._cookie_domain)
        elif not consent.has_signal(head):
            person = self._person_of(head) or consent.new_person()
            consent.remember(response, head, person, self._cookie_domain)
            now = self._clock()
            visit = partial(self._visit, head, now)
            await self._inbox.adopt(Adoption(visit(""), visit(person), person, wire.microseconds(now - VISIT_GAP)))
        response.headers[consent.HEADER] = "yes" if person else "no"
        return response

    def _person_of(self, head: Head) -> str | None:
        person = consent.person_of(head)
        return None if self._forgotten.has(person) else person

    async def _export(self, head: Head, _: Receive) -> Response:
        from milepost.journeys import rights

        return await asyncio.to_thread(rights.exported, self._settings.env, consent.cookie_of(head))

    async def _forget(self, head: Head, _: Receive) -> Response:
        from milepost.journeys import rights

        response = await asyncio.to_thread(rights.forgotten, self._settings.env, consent.cookie_of(head))
        await asyncio.to_thread(self._forgotten.refresh)
        consent.remember(response, head, None, self._cookie_domain)
        return response

    async def _keep(self, tier: Tier, events: list[Event], now: datetime, bot: str | None = None) -> None:
        unknown = await self._unknown([event.touchpoint for event in events])
        aside = [event for event in events if event.touchpoint in unknown]
        known = [event for event in events if event.touchpoint not in unknown]
        await self._inbox.append(tier, known, aside, wire.microseconds(now), bot)
        self._count(tier, len(known), len(aside), bot)

    async def _unknown(self, touchpoints: list[str]) -> set[str]:
        unknown = self._manifest.unknown(touchpoints)
        if unknown and self._manifest.may_be_mails(unknown):
            await asyncio.to_thread(self._manifest.ask)
            unknown = self._manifest.unknown(touchpoints)
        return unknown

    def _count(self, tier: Tier, known: int, aside: int, bot: str | None) -> None:
        counts = self._counts
        counts["events"] += known
        counts["aside"] += aside
        counts[_TIER[tier.name]] += known
        if bot:
            counts["of_bots"] += known

    def _visit(self, head: Head, now: datetime, person: str) -> bytes:
        salt = self._salts.of(now.date())
        return visit_key(salt, self._site_url, head.address, head.get("user-agent"), person)

    async def _answer(self, handler: Handler, head: Head, receive: Receive) -> Response:
        try:
            self._gate.pass_or_refuse(head)
            response = await handler(head, receive)
        except Refusal as refusal:
            response = refusal.response()
        except wire.WireFault as fault:
            response = Refusal(400, fault.message, fault.index, fault.field).response()
        except ClientDisconnect:
            response = Refusal(400, "the body ended early").response()
        except Overloaded as error:
            response = Refusal(503, str(error), retry_after=1).response()
        except (InboxUnavailable, OSError) as error:
            log.error("not collected: %s", error)
            response = Refusal(503, "the disk does not take it", retry_after=30).response()
        self._gate.share(head, response)
        self._counts[f"answered_{response.status_code}"] += 1
        return response

    async def _sweep(self) -> None:
        while True:
            try:
                self._salts.destroy_all_but(self._clock().date())
                self._forgotten.refresh()
            except OSError as error:
                log.error("a salt of an earlier day is still there: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)


def _uuid7(now: datetime) -> bytes:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits around version and variant."""
    number = (wire.microseconds(now) // 1000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    return (number & ~(0x3 << 62) | 0x2 << 62).to_bytes(16)
