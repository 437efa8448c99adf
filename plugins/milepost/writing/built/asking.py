"""Asks other sites whether an address answers: few questions at a time, fewer to one host, none twice within a week.

Knows HTTP; knows no page.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpx

_PERMANENT, _REDIRECTS = (301, 308), (301, 302, 303, 307, 308)
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_HEADERS = {"User-Agent": "milepost-check (link checker)", "Accept": "text/html,*/*;q=0.8"}


@dataclass(frozen=True)
class Manners:
    """How others are asked."""

    at_once: int = 16
    at_once_per_host: int = 2
    pause_seconds: float = 0.2
    """Between two questions to one host."""
    timeout_seconds: float = 10.0
    retries: int = 2
    backoff_seconds: float = 1.0
    """Before the first retry; twice as long before each further one."""
    longest_wait_seconds: float = 30.0
    """The most that a server's Retry-After is heeded."""
    hops: int = 8
    may_be_private: bool = False
    """Whether addresses of this machine and of private networks may be asked."""
    trust: ssl.SSLContext | None = None
    """Whose certificates to believe; None: the public authorities'."""


@dataclass(frozen=True)
class Answer:
    """What came of asking. `fault` is empty where the address answers."""

    fault: str = ""
    moved_to: str = ""
    """Where it has moved for good, if that is another host."""
    is_refusal: bool = False
    """Whether the server is there and only will not answer a program."""


class Private(Exception):
    """The host is on this machine or in a private network."""


@dataclass
class _Host:
    """The turns of those who want to ask one host."""

    gate: asyncio.Semaphore
    next_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def answers(
    urls: Iterable[str], manners: Manners, told: Callable[[str], None] = lambda url: None
) -> dict[str, Answer]:  # fmt: skip
    """Ask every address; `told` hears of each that has been asked."""
    return asyncio.run(_Asking(manners, told).all(urls))


class _Asking:
    def __init__(self, manners: Manners, told: Callable[[str], None]) -> None:
        self.manners, self.told = manners, told
        self._gate = asyncio.Semaphore(manners.at_once)
        self._hosts: dict[str, _Host] = defaultdict(lambda: _Host(asyncio.Semaphore(manners.at_once_per_host)))
        self._public: dict[str, bool] = {}

    async def all(self, urls: Iterable[str]) -> dict[str, Answer]:
        wanted = list(dict.fromkeys(urls))
        verify = self.manners.trust or ssl.create_default_context()
        async with httpx.AsyncClient(
            timeout=self.manners.timeout_seconds, verify=verify, headers=_HEADERS, trust_env=False
        ) as client:
            found = await asyncio.gather(*(self._answer(client, url) for url in wanted))
        return dict(zip(wanted, found, strict=True))

    async def _answer(self, client: httpx.AsyncClient, url: str) -> Answer:
        try:
            return await self._followed(client, url)
        except Private:
            return Answer("leads to a private address, which readers cannot reach")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Answer(_words(error))
        finally:
            self.told(url)

    async def _followed(self, client: httpx.AsyncClient, url: str) -> Answer:
        at, seen, is_permanent = url, {url}, True
        for _ in range(self.manners.hops):
            response = await self._asked(client, at)
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                return self._judged(url, at, response.status_code, is_permanent)
            is_permanent = is_permanent and response.status_code in _PERMANENT
            at = urljoin(at, response.headers["location"])
            if at in seen:
                return Answer("redirects in a circle")
            seen.add(at)
        return Answer(f"redirects more than {self.manners.hops} times")

    def _judged(self, url: str, at: str, status: int, is_permanent: bool) -> Answer:
        if status >= 400:
            return Answer(f"answers {status}", is_refusal=status in (401, 403, 429, 451))
        has_moved = is_permanent and urlsplit(at).hostname != urlsplit(url).hostname
        return Answer(moved_to=at if has_moved else "")

    async def _asked(self, client: httpx.AsyncClient, url: str) -> httpx.Response:
        """HEAD, then GET where a server has no good answer to HEAD; again after a while where it may help."""
        for attempt in range(self.manners.retries + 1):
            wait = self.manners.backoff_seconds * 2**attempt
            try:
                response = await self._turn(client, "HEAD", url)
                if response.status_code >= 400 and response.status_code != 429:
                    response = await self._turn(client, "GET", url)
                if response.status_code not in _AGAIN or attempt == self.manners.retries:
                    return response
                wait = min(max(wait, _retry_after(response.headers)), self.manners.longest_wait_seconds)
                self._leave_alone(url, wait)
            except httpx.UnsupportedProtocol:
                raise
            except httpx.TransportError:
                if attempt == self.manners.retries:
                    raise
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _leave_alone(self, url: str, seconds: float) -> None:
        """A host that has too much to do is asked nothing else meanwhile."""
        host = self._hosts[urlsplit(url).netloc]
        host.next_at = max(host.next_at, time.monotonic() + seconds)

    async def _turn(self, client: httpx.AsyncClient, method: str, url: str) -> httpx.Response:
        """One question, when it is its turn. The body is left unread."""
        host = self._hosts[urlsplit(url).netloc]
        async with host.gate, self._gate:
            await self._refuse_private(url)
            async with host.lock:
                now = time.monotonic()
                await asyncio.sleep(max(0.0, host.next_at - now))
                host.next_at = time.monotonic() + self.manners.pause_seconds
            async with asyncio.timeout(self.manners.timeout_seconds * 2), client.stream(method, url) as response:
                return response

    async def _refuse_private(self, url: str) -> None:
        parts = urlsplit(url)
        name = parts.hostname or ""
        if self.manners.may_be_private:
            return
        if name not in self._public:
            found = await asyncio.get_running_loop().getaddrinfo(name, parts.port or 443, type=socket.SOCK_STREAM)
            self._public[name] = all(
                ipaddress.ip_address(str(info[4][0]).partition("%")[0]).is_global for info in found
            )
        if not self._public[name]:
            raise Private(name)


def _retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that Retry-After names, as a number or as a date; 0 where it names none."""
    given = headers.get("retry-after", "")
    with contextlib.suppress(ValueError):
        return float(given)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    return 0.0


def _words(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "does not answer in time"
    if isinstance(error, socket.gaierror) or "Name or service" in str(error):
        return "has a host that nobody knows"
    if "certificate" in str(error).lower() or "ssl" in str(error).lower():
        return f"has no certificate to trust: {error}"
    return f"cannot be reached: {error or type(error).__name__}"
