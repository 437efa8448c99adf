"""The collector: `/journey/v1/events` and `/journey/v1/consent`, and the events of the other services.

Turns requests into tiers and events, and answers once they are on disk. An address is read for the visit
key and for the limit; it is neither kept nor logged.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
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

from milepost.journeys import consent, model, wire
from milepost.journeys.gate import Gate, Refusal, body_of, media_type
from milepost.journeys.inbox import Adoption, Inbox, InboxUnavailable, Overloaded
from milepost.journeys.manifest import Manifest
from milepost.journeys.model import Counted, Event, Known, Tier
from milepost.journeys.visits import Salts, visit_key
from milepost.settings import Settings

log = logging.getLogger(__name__)

VISIT_GAP = timedelta(minutes=30)
SWEEP_SECONDS = 60.0
"""How soon after midnight the salt of the day before is gone, even if nobody comes."""

_EVENT_TYPES = ("text/plain", "application/json", "")
_FORM = "application/x-www-form-urlencoded"
_CONSENT_TYPES = ("text/plain", _FORM, "")

Handler = Callable[[Request], Awaitable[Response]]


class Collector:
    """What one process collects for one site. `async with` it while its routes are served.

    Args:
        site: the built pages; `touchpoints.json` in it says which touchpoints there are.
        clock: gives the time, UTC.
    """

    def __init__(
        self, settings: Settings, site: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        ours = settings.of(model.Settings)
        self._site_url = settings.site.url
        self._cookie_domain = ours.cookie_domain
        self._clock = clock
        self._gate = Gate(settings.site.url, ours.origins, settings.env.limits)
        self._manifest = Manifest(site / "touchpoints.json")
        self._salts = Salts(settings.env.var / "salts")
        self._inbox = Inbox(settings.env.var / "inbox")
        self._counts: Counter[str] = Counter()

    async def __aenter__(self) -> Collector:
        await self._inbox.__aenter__()
        self._sweeper = asyncio.create_task(self._sweep())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeper
        await self._inbox.__aexit__()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/journey/v1/events", partial(self._answer, self._events), methods=["POST"]),
            Route("/journey/v1/consent", partial(self._answer, self._consent), methods=["POST"]),
        ]

    def person_of(self, request: Request) -> str | None:
        """Who a request belongs to: None without a yes, and whenever GPC or DNT says no."""
        return consent.person_of(request)

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
        await self._keep(Known(person) if person else Counted(), [event], now)

    def figures(self) -> dict[str, int]:
        """Counts since the start, for metrics: `events`, `aside`, `answered_<status>`, `commits`, and `waiting` now."""
        return {**self._counts, "commits": self._inbox.commits, "waiting": self._inbox.waiting}

    async def _events(self, request: Request) -> Response:
        body = await body_of(request, _EVENT_TYPES, wire.MAX_BYTES)
        now = self._clock()
        events = wire.events_of(body, now)
        await self._keep(consent.tier_of(request, partial(self._visit, request, now)), events, now)
        return Response(status_code=204, headers={consent.HEADER: consent.standing(request)})

    async def _consent(self, request: Request) -> Response:
        answer = consent.answer_in(media_type(request), await body_of(request, _CONSENT_TYPES, max_bytes=1024))
        if not answer:
            raise Refusal(400, "say yes or no", field="answer")
        by_form = media_type(request) == _FORM
        response = RedirectResponse(consent.page_of(request), 303) if by_form else Response(status_code=204)
        person = None
        if answer == "no":
            consent.remember(response, request, None, self._cookie_domain)
        elif not consent.has_signal(request):
            person = consent.person_of(request) or consent.new_person()
            consent.remember(response, request, person, self._cookie_domain)
            now = self._clock()
            visit = partial(self._visit, request, now)
            await self._inbox.adopt(Adoption(visit(""), visit(person), person, wire.microseconds(now - VISIT_GAP)))
        response.headers[consent.HEADER] = "yes" if person else "no"
        return response

    async def _keep(self, tier: Tier, events: list[Event], now: datetime) -> None:
        self._manifest.refresh()
        known = [event for event in events if self._manifest.has(event.touchpoint)]
        aside = [event for event in events if not self._manifest.has(event.touchpoint)]
        await self._inbox.append(tier, known, aside, wire.microseconds(now))
        self._counts.update(events=len(known), aside=len(aside))

    def _visit(self, request: Request, now: datetime, person: str) -> bytes:
        address = request.client.host if request.client else ""
        agent = request.headers.get("user-agent", "")
        return visit_key(self._salts.of(now.date()), self._site_url, address, agent, person)

    async def _answer(self, handler: Handler, request: Request) -> Response:
        try:
            self._gate.pass_or_refuse(request)
            response = await handler(request)
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
        self._gate.share(request, response)
        self._counts[f"answered_{response.status_code}"] += 1
        return response

    async def _sweep(self) -> None:
        while True:
            try:
                self._salts.destroy_all_but(self._clock().date())
            except OSError as error:
                log.error("a salt of an earlier day is still there: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)


def _uuid7(now: datetime) -> bytes:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits around version and variant."""
    number = (wire.microseconds(now) // 1000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    return (number & ~(0x3 << 62) | 0x2 << 62).to_bytes(16)
