"""The head of a request, read once: what gate, consent and the list of robots ask of it. Knows no body."""

from __future__ import annotations

from functools import lru_cache

from starlette.datastructures import URL
from starlette.requests import cookie_parser
from starlette.types import Scope


@lru_cache(maxsize=64)
def _media_type(value: bytes) -> str:
    return str(value, "latin-1").partition(";")[0].strip().lower()


class Head:
    """What an ASGI scope says of one request. One is made for all that comes: it reads nothing before it is asked."""

    __slots__ = ("_cookies", "_named", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        # The first of equal names counts, as with Starlette.
        self._named: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self._cookies: dict[str, str] | None = None

    def get(self, name: str, default: str = "") -> str:
        """A header's value, by its name in lower case."""
        value = self._named.get(name.encode())
        return default if value is None else str(value, "latin-1")

    def has(self, name: str) -> bool:
        """Whether a header was sent, be it empty."""
        return name.encode() in self._named

    def cookie(self, name: str) -> str:
        """A cookie's value; empty where there is none."""
        if self._cookies is None:
            self._cookies = cookie_parser(self.get("cookie")) if b"cookie" in self._named else {}
        return self._cookies.get(name, "")

    @property
    def media_type(self) -> str:
        """The body's type without its parameters, in lower case; empty where none was sent."""
        return _media_type(self._named.get(b"content-type", b""))

    @property
    def query(self) -> str:
        """What follows the path's question mark, as it came."""
        return str(self.scope["query_string"], "latin-1")

    @property
    def address(self) -> str:
        """Of whoever connected, or of whom a trusted proxy speaks; empty on a Unix socket. Never to be kept."""
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def host(self) -> str:
        """The name that was asked for, without a port; empty where it cannot be read."""
        try:
            return URL(scope=self.scope).hostname or ""
        except ValueError:
            return ""
