"""disqus-python over httpx: its resource tree, paginator and errors, with a transport that can be trusted.

disqus-python 0.4.2 is for Python 2 (upstream issue #34), and only its import and `Resource._request`, the one
method that speaks HTTP, stand in the way. The import is helped, the method replaced; the argument checks that it
makes before it speaks are made here in its words. Knows no forum and no file.
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType, TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from milepost.comments.model import CommentsError
from milepost.errors import SettingsError

RATE_LIMITED = (13, 14)
"""Disqus' codes for the limit of a resource and of an account."""
TEMPORARY = (15, 16)
"""Disqus' codes for an error of its own and for its own time-out."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _library() -> ModuleType:
    aliased = "httplib" not in sys.modules
    sys.modules.setdefault("httplib", http.client)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves its interfaces.json open
            library = importlib.import_module("disqusapi")
    finally:
        # Others ask for httplib to find out whether this is Python 2.
        if aliased:
            del sys.modules["httplib"]
    library.Resource._request = _request
    return library


def _request(resource: Any, **arguments: Any) -> Any:
    """What `Resource._request` does, for Python 3: check the arguments, ask, and return a Result or an object."""
    given = {name.split(":")[0] for name in arguments}
    for name in resource.interface.get("required", []):
        if name not in given:
            raise ValueError(f"Missing required argument: {name}")
    method = arguments.pop("method", resource.interface.get("method"))
    if not method:
        raise library.InterfaceNotDefined("Interface is not defined, you must pass ``method`` (HTTP Method).")
    body = resource.api.transport.ask(method, "/".join(resource.tree), arguments)
    if isinstance(body["response"], list):
        return library.Result(body["response"], _cursor(body.get("cursor")))
    return body["response"]


def _cursor(cursor: Any) -> dict[str, Any] | None:
    """Disqus' documented cursor has `next` and `hasNext`; the paginator reads what it also sends, `id` and `more`."""
    if not isinstance(cursor, dict):
        return None
    return {"id": cursor.get("next"), "more": bool(cursor.get("hasNext")), **cursor}


library = _library()
Paginator = library.Paginator
APIError = library.APIError


class Transport:
    """Asks Disqus with a public key, patiently. The key is in no log, no exception and no repr."""

    def __init__(
        self,
        base: str,
        public_key: str,
        *,
        timeout_seconds: float = 20,
        attempts: int = 4,
        patience_seconds: float = 90,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            base: the API's address with its version, `https://disqus.com/api/3.0`.
            timeout_seconds: how long a connection may be silent.
            attempts: how often one page is asked for before giving up, >= 1.
            patience_seconds: how long a wait for Disqus' limit to be lifted is worth it.
        Raises:
            SettingsError: when `base` is not an https address; loopback may be http.
        """
        address = urlsplit(base)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise SettingsError(f"DISQUS_API_BASE is {base!r}; say https://…, as in https://disqus.com/api/3.0")
        self._base = base.rstrip("/")
        self._host = address.hostname or base
        self._key = public_key
        self._attempts = attempts
        self._patience_seconds = patience_seconds
        self._sleep = sleep
        self._now = now
        self._allowed_from = 0.0
        # httpx logs each address it asks for, and the key is part of the address.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        headers = {"User-Agent": "milepost (disqus-python)", "Accept": "application/json"}
        self._client = httpx.Client(timeout=timeout_seconds, headers=headers)

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def ask(self, method: str, path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The decoded body of `method` on resource `path`, an object with `response`.

        Raises:
            APIError: what Disqus itself refuses.
            CommentsError: no usable answer after all attempts, or a limit that lasts longer than patience.
        """
        fault = ""
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(0.5 * 2 ** (attempt - 1))
            self._wait_for_limit()
            try:
                response = self._send(method, path, arguments)
            except httpx.RequestError as error:
                fault = _fault_of(error)
                continue
            self._note_limit(response)
            body = _object(response)
            if response.status_code == 200 and body is not None and "response" in body:
                return body
            fault = self._refusal(response, body)
        raise CommentsError(f"{self._host}: {fault}; tried {self._attempts} times, try again later")

    def _send(self, method: str, path: str, arguments: Mapping[str, Any]) -> httpx.Response:
        parameters = {**arguments, "api_key": self._key}
        url = f"{self._base}/{path}.json"
        try:
            if method == "GET":
                return self._client.get(url, params=parameters)
            return self._client.request(method, url, data=parameters)
        except httpx.InvalidURL:
            raise CommentsError(f"{self._host}: not an address that can be asked; mend DISQUS_API_BASE") from None

    def _refusal(self, response: httpx.Response, body: dict[str, Any] | None) -> str:
        """What to say of an answer that is worth another attempt; raises for one that is not."""
        status = response.status_code
        if body is None or not isinstance(body.get("code"), int):
            if status == 429:
                self._hold_back(response)
                return "too many requests (429)"
            if status == 200:
                return "answered with something that is no JSON of Disqus"
            if status >= 500:
                return f"answered {status}"
            raise CommentsError(f"{self._host}: answered {status}; is DISQUS_API_BASE right?")
        code, message = body["code"], str(body.get("response")).replace(self._key, "…")
        if code in RATE_LIMITED or status == 429:
            self._hold_back(response)
            return f"{message} (code {code})"
        if code in TEMPORARY or status >= 500:
            return f"{message} (code {code})"
        raise library.ERROR_MAP.get(code, APIError)(code, message)

    def _note_limit(self, response: httpx.Response) -> None:
        """Remember when the next request is allowed, once Disqus says that none remains."""
        if response.headers.get("X-Ratelimit-Remaining") == "0":
            self._allowed_from = max(self._allowed_from, _number(response.headers.get("X-Ratelimit-Reset")))

    def _hold_back(self, response: httpx.Response) -> None:
        reset = _number(response.headers.get("X-Ratelimit-Reset"))
        if retry_after := _number(response.headers.get("Retry-After")):
            reset = max(reset, self._now() + retry_after)
        self._allowed_from = max(self._allowed_from, reset)

    def _wait_for_limit(self) -> None:
        seconds = self._allowed_from - self._now()
        if seconds <= 0:
            return
        if seconds > self._patience_seconds:
            minutes = int(seconds // 60) + 1
            raise CommentsError(f"{self._host}: its limit of requests is reached; try again in {minutes} minutes")
        self._sleep(seconds)


def api(transport: Transport) -> Any:
    """disqus-python's API, speaking through `transport`: `api(transport).threads.list(forum="x")`."""
    # The key stays in the transport; the library only warns when it has none.
    made = library.DisqusAPI(public_key="kept by the transport")
    made.transport = transport
    return made


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _fault_of(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    # The library's words name no address; the request, which has the key in its address, is not shown.
    return f"cannot be reached ({error})"


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
