"""What every POST to the journeys passes first: origin, limit per network, type and size of its body.

Knows HTTP, and nothing of events. An address is truncated, and kept in memory for a minute at most.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection, Coroutine, Generator, Sequence
from typing import Any
from urllib.parse import urlsplit

import limits
import msgspec
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive

from milepost.errors import MilepostError
from milepost.journeys.head import Head
from milepost.networks import network

BODY_SECONDS = 10.0
"""How long a sender may take over one body."""
PER_NETWORK = "1200/minute"
"""Requests of one network (/24, /48): an office full of readers, but no flood."""


class Refusal(MilepostError):
    """A request that is not taken: `status`, what is wrong, and where in it that is known."""

    def __init__(
        self, status: int, message: str, index: int | None = None, field: str | None = None, retry_after: int = 0
    ) -> None:
        self.status, self.message, self.index, self.field = status, message, index, field
        self.retry_after = retry_after
        super().__init__(message)

    def response(self) -> Response:
        """The one JSON shape: `{"error": {"index", "field", "message"}}`, the first two null where unknown."""
        error = {"index": self.index, "field": self.field, "message": self.message}
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else None
        return Response(msgspec.json.encode({"error": error}), self.status, headers, "application/json")


class Gate:
    """Lets requests in by their origin and their network.

    Args:
        site_url: SITEURL, whose origin may always send. `origins`: others that may.
        limited: False lets any number in; for load tests.
    """

    def __init__(self, site_url: str, origins: Collection[str], limited: bool) -> None:
        site = urlsplit(site_url.lower())
        self._origins = {f"{site.scheme}://{site.netloc}", *origins}
        self._limiter = FixedWindowRateLimiter(MemoryStorage()) if limited else None
        self._limit = limits.parse(PER_NETWORK)

    def pass_or_refuse(self, head: Head) -> None:
        """Raises Refusal 403 for a foreign origin, 429 for a network that sends too much."""
        if head.has("origin") and not self._is_own(head) and head.get("origin").lower() not in self._origins:
            raise Refusal(403, "this origin may not send; see the setting JOURNEY_ORIGINS", field="Origin")
        if self._limiter:
            sender = network(head.address)
            if not self._limiter.hit(self._limit, sender):
                reset = self._limiter.get_window_stats(self._limit, sender).reset_time
                wait = max(1, math.ceil(reset - time.time()))
                raise Refusal(429, "too many requests from this network", retry_after=wait)

    def share(self, head: Head, response: Response) -> None:
        """Let the script on a page of another allowed origin read the answer (CORS, with the cookie)."""
        response.raw_headers.append((b"vary", b"Origin"))
        if head.has("origin") and head.get("origin").lower() in self._origins and not self._is_own(head):
            response.headers["Access-Control-Allow-Origin"] = head.get("origin")
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = "Milepost-Consent, Retry-After"

    def _is_own(self, head: Head) -> bool:
        """Whether the page came from the host that was asked; its scheme is unknown behind a proxy."""
        return head.get("origin").lower().partition("://")[2] == head.get("host").lower() != ""


async def body_of(head: Head, receive: Receive, types: Sequence[str], max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        Refusal: 400 for a type that is not in `types` or a compressed body, 413 for more than `max_bytes`,
            known as soon as it is too long, 408 when it is not there after BODY_SECONDS.
        ClientDisconnect: the sender is gone.
    """
    if head.media_type not in types:
        raise Refusal(400, f"send {' or '.join(filter(None, types))}", field="Content-Type")
    if head.get("content-encoding", "identity") != "identity":
        raise Refusal(400, "send it uncompressed", field="Content-Encoding")
    length = head.get("content-length")
    if length.isdecimal() and (len(length) > 18 or int(length) > max_bytes):
        raise _too_large(max_bytes)
    reading = _received(receive, max_bytes)
    try:
        waits_for = reading.send(None)
    except StopIteration as read:  # it was there, as most are: to set a clock for it would take longer than to read it
        return bytes(read.value)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _Begun(reading, waits_for)
    except TimeoutError:
        raise Refusal(408, f"the body was not there after {BODY_SECONDS:g} seconds") from None


class _Begun:
    """The rest of a coroutine that has begun, and waits for something."""

    def __init__(self, coroutine: Coroutine[Any, Any, bytes], waits_for: Any) -> None:
        self._coroutine, self._waits_for = coroutine, waits_for

    def __await__(self) -> Generator[Any, Any, bytes]:
        try:
            yield self._waits_for
        except BaseException as error:
            self._coroutine.throw(error)
            raise
        return (yield from self._coroutine.__await__())


async def _received(receive: Receive, max_bytes: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, f"send at most {max_bytes} bytes")
