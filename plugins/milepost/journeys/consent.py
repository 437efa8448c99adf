"""What a reader said, and what their browser says for them: the tier of a request, and the consent cookie.

A signal (GPC, DNT, or the script's `?counted=1`) outranks every answer. Knows HTTP; keeps nothing itself.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

from starlette.responses import Response

from milepost.journeys.head import Head
from milepost.journeys.model import Consented, Counted, Tier, Visited

COOKIE = "milepost_person"
HEADER = "Milepost-Consent"
MAX_AGE_SECONDS = 395 * 24 * 3600
"""13 months, and less than the 400 days at which browsers cut a cookie's life."""

_NO = "no"
PERSON = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")
"""128 bits in base64url: the last character has four left."""


def new_person() -> str:
    """A new person's id: 128 random bits, base64url, 22 characters."""
    return secrets.token_urlsafe(16)


def has_signal(head: Head) -> bool:
    """Whether the browser asks not to be followed, by header, or by the script where only that could see it."""
    if head.get("sec-gpc") == "1" or head.get("dnt") == "1":
        return True
    return "counted" in head.query and dict(parse_qsl(head.query)).get("counted") == "1"


def cookie_of(head: Head) -> str | None:
    """The person in the cookie, whatever a signal says: for what is theirs to ask."""
    answer = head.cookie(COOKIE)
    return answer if PERSON.fullmatch(answer) else None


def person_of(head: Head) -> str | None:
    """Who said yes, by the cookie; None without a yes, and whenever a signal says no."""
    return None if has_signal(head) else cookie_of(head)


def standing(head: Head) -> str:
    """`yes`, `no`, or `ask` where there is neither an answer nor a signal: the value of HEADER."""
    if has_signal(head):
        return "no"
    if not head.has("cookie"):  # as with nearly all readers
        return "ask"
    if head.cookie(COOKIE) == _NO:
        return "no"
    return "yes" if cookie_of(head) else "ask"


def tier_of(head: Head, standing: str, visit: Callable[[str], bytes]) -> Tier:
    """The tier that a request's events belong to.

    Args:
        standing: of the same request.
        visit: the visit key of this request for a person, empty for nobody; called only where it is kept.
    """
    if standing == "no":
        return Counted()
    person = cookie_of(head) if standing == "yes" else None
    return Consented(person, visit(person)) if person else Visited(visit(""))


def answer_in(content_type: str, body: bytes) -> str | None:
    """The `yes` or `no` of a body, plain text or a form's `answer`; None when it is neither."""
    text = body.decode("utf-8", "replace")
    if content_type == "application/x-www-form-urlencoded":
        text = (parse_qs(text).get("answer") or [""])[0]
    return text.strip() if text.strip() in ("yes", "no") else None


def remember(response: Response, head: Head, person: str | None, domain: str) -> None:
    """Set the cookie to `person`, or to the one word `no`. Under a signal none is set, only an old one removed."""
    if has_signal(head):
        if head.cookie(COOKIE):
            response.delete_cookie(COOKIE, path="/", domain=domain or None)
        return
    response.set_cookie(
        COOKIE,
        person or _NO,
        max_age=MAX_AGE_SECONDS,
        path="/",
        domain=domain or None,
        secure=not _is_loopback(head.host),
        httponly=True,
        samesite="lax",
    )


def page_of(head: Head) -> str:
    """Where a form without a script came from: the path of a Referer of the same host, else the home page."""
    try:
        referrer = urlsplit(head.get("referer"))
    except ValueError:
        return "/"
    if referrer.netloc != head.get("host") or not referrer.path.startswith("/"):
        return "/"
    # One slash: a path of two would name another host.
    path = "/" + referrer.path.lstrip("/\\")
    return f"{path}?{referrer.query}" if referrer.query else path


def _is_loopback(host: str) -> bool:
    return host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")
