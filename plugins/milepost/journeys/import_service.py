"""`POST /journey/v1/import`: what other systems tell, behind a bearer key. Without a key in the environment, 404."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from milepost.errors import MilepostError
from milepost.journeys import wire
from milepost.journeys.elsewhere import Addresses, Bad, ElsewhereFault, Outcome, People, told
from milepost.journeys.gate import Refusal, body_of
from milepost.journeys.head import Head
from milepost.journeys.model import Told
from milepost.settings import Settings

MAX_BYTES = 4 * 1024 * 1024
MAX_EVENTS = 10_000


def route(settings: Settings, keep: Callable[[list[Told], int], object], addresses: Addresses | None) -> Route:
    """The route.

    Args:
        keep: an awaitable call that has rows on disk when it returns, or raises MilepostError.
        addresses: the newsletter's subscribers who said yes.
    """
    key = settings.env.import_key

    async def answer(request: Request) -> Response:
        try:
            if not key:
                raise Refusal(404, "importing is off; set MILEPOST_IMPORT_KEY")
            given = request.headers.get("authorization", "").encode()
            if not secrets.compare_digest(given, f"Bearer {key}".encode()):
                raise Refusal(401, "send the key as Authorization: Bearer …")
            rows = _rows(await body_of(Head(request.scope), request.receive, ("application/json",), MAX_BYTES))
            outcome, taken = await asyncio.to_thread(_checked, rows, People(settings.env, addresses))
            if taken:
                await keep(taken, wire.microseconds(datetime.now(UTC)))  # type: ignore[misc]
        except Refusal as refusal:
            return refusal.response()
        except MilepostError as error:
            return Refusal(503, str(error), retry_after=30).response()
        return Response(msgspec.json.encode(outcome), 400 if outcome.bad else 200, media_type="application/json")

    return Route("/journey/v1/import", answer, methods=["POST"])


def _rows(body: bytes) -> list[object]:
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_EVENTS:
        raise Refusal(400, f"send a JSON array of 1 to {MAX_EVENTS} events")
    return rows


def _checked(rows: list[object], people: People) -> tuple[Outcome, list[Told]]:
    taken: list[Told] = []
    outcome = Outcome()
    for number, row in enumerate(rows, 1):
        try:
            taken.append(told(row, people))
        except ElsewhereFault as fault:
            outcome.bad.append(Bad(number, fault.field, fault.message))
    outcome.taken = len(taken)
    outcome.joined = sum(one.person is not None for one in taken)
    return outcome, taken
