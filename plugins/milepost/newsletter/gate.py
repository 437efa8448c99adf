"""What a form's POST passes first: where it comes from, how often, how large. Knows HTTP, and no subscriber.

A network address is truncated, and kept in memory for an hour at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import limits
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from milepost.networks import network
from milepost.newsletter.model import NewsletterError

PER_NETWORK = "60/hour"
"""Signups from one network (/24, /48): a class of students, but no flood."""
PER_ADDRESS = "3/hour"
"""Signups of one mail address: beyond that, the mails are somebody else's joke."""
MAX_BYTES = 8192
MOST_FIELDS = 99
"""More than a site has topics to choose from, and few enough to be read at once."""
BODY_SECONDS = 10.0
_FORM = "application/x-www-form-urlencoded"


class BadForm(NewsletterError):
    """A body that no form of ours sends."""


class Gate:
    """Counts signups. `limited`: False lets any number in; for load tests."""

    def __init__(self, limited: bool) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage()) if limited else None

    def lets_network(self, request: Request) -> bool:
        """Whether the network that `request` comes from may sign somebody up."""
        return self._hit(PER_NETWORK, "network", network(request.client.host if request.client else ""))

    def lets_address(self, address: str) -> bool:
        """Whether a mail address may be signed up once more."""
        return self._hit(PER_ADDRESS, "address", address.casefold())

    def _hit(self, limit: str, *what: str) -> bool:
        return self._limiter is None or self._limiter.hit(limits.parse(limit), *what)


def is_foreign(request: Request, site_url: str) -> bool:
    """Whether a page of another site posted this. A request that says nothing of its origin is none of a browser's."""
    origin = request.headers.get("origin")
    if origin is None:
        return False
    # The scheme is not compared: behind a proxy it is unknown.
    host = origin.lower().partition("://")[2]
    return not host or host not in _hosts(request, site_url)


def page_of(request: Request, site_url: str) -> str:
    """Path of our page that the form was on, or empty. Of the newsletter's own pages only the folder: theirs have
    tokens in them."""
    referer = urlsplit(request.headers.get("referer", ""))
    if referer.netloc.lower() not in _hosts(request, site_url):
        return ""
    return "/newsletter/" if "/newsletter/" in referer.path else referer.path[:200]


def _hosts(request: Request, site_url: str) -> set[str]:
    return {request.headers.get("host", "").lower(), urlsplit(site_url).netloc.lower()} - {""}


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form, the first of each name.

    Raises:
        BadForm: as `fields_of`, and when there is none.
    """
    if not _is_form(request):
        raise BadForm(f"send {_FORM}")
    return {name: values[0] for name, values in (await fields_of(request)).items()}


async def fields_of(request: Request) -> dict[str, list[str]]:
    """Every value of each field of a form; empty for a request without a body.

    Raises:
        BadForm: when it is no form, larger than MAX_BYTES, or not there after BODY_SECONDS.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise BadForm(f"send at most {MAX_BYTES} bytes")
        if body and not _is_form(request):
            raise BadForm(f"send {_FORM}")
        return parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except (TimeoutError, ValueError) as error:
        raise BadForm("the form was not there in time, or is not UTF-8") from error


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
