"""A stand-in that speaks Disqus' API 3.0 over TLS on a real socket: listings, cursors, errors, limits, faults.

Shapes are those of Disqus' own API documentation (threads/list, posts/list, "Pagination", "Errors").
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

KEY = "pUbLiCkEy0123456789abcdefghijklmnop"
FORUM = "milepost-example"


def thread(number: int, *, link: str = "", identifiers: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A thread as threads/list gives it."""
    return {
        "category": "1", "reactions": 0, "identifiers": list(identifiers), "forum": FORUM,
        "title": f"Thread {number}", "clean_title": f"Thread {number}", "dislikes": 0, "isDeleted": False,
        "author": "1", "userScore": 0, "id": str(number), "isClosed": False, "posts": 0, "link": link or None,
        "likes": 0, "message": "", "ipAddress": "127.0.0.1", "slug": f"thread_{number}",
        "createdAt": "2026-01-01T08:00:00",
    } | more  # fmt: skip


def post(number: int, of: int, message: str, *, parent: int | None = None, **more: Any) -> dict[str, Any]:
    """A post as posts/list gives it, `number` minutes after nine; the author has all that must not reach a page."""
    author = {
        "username": "reader", "about": "", "name": "Rita Reader", "url": "https://rita.example",
        "profileUrl": "https://disqus.com/by/reader/", "emailHash": "67f79ed8e10b74abf07a8dfe101bbab2",
        "avatar": {"permalink": "https://disqus.com/api/users/avatars/reader.jpg"}, "id": "1",
        "isAnonymous": False, "email": "rita@reader.example",
    }  # fmt: skip
    return {
        "isFlagged": False, "forum": FORUM, "parent": parent, "author": author, "media": [], "isApproved": True,
        "dislikes": 0, "raw_message": message, "id": str(number), "thread": str(of), "points": 0,
        "createdAt": f"2026-01-02T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}", "isEdited": False,
        "message": message, "isHighlighted": False, "ipAddress": "127.0.0.1", "isSpam": False, "isDeleted": False,
        "likes": 0,
    } | more  # fmt: skip


@dataclass
class StandIn:
    """What the stand-in has, what it was asked, and what it shall do wrong next."""

    threads: list[dict[str, Any]] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Taken one a request: slow, or one of _FAULTS; an empty text is a right answer."""
    deleted_listed: bool = False
    """Whether deleted posts come without being asked for."""
    moderators_only: bool = False
    """Whether the queue is refused, as to one who is no moderator."""
    remaining: int = 1000
    reset: float = 0
    slow_seconds: float = 1.0
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    base: str = ""
    ca: Path = Path()

    async def answer(self, request: Request) -> Response:
        resource = request.url.path.removeprefix("/api/3.0/").removesuffix(".json")
        wanted = {name: request.query_params.getlist(name) for name in request.query_params}
        self.asked.append((resource, wanted))
        self.remaining -= 1
        response = await self._fault() or self._listing(resource, wanted)
        response.headers["X-Ratelimit-Limit"] = "1000"
        response.headers["X-Ratelimit-Remaining"] = str(max(0, self.remaining))
        response.headers["X-Ratelimit-Reset"] = str(int(self.reset))
        return response

    async def _fault(self) -> Response | None:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "slow":
            await asyncio.sleep(self.slow_seconds)
        return _FAULTS[fault]() if fault in _FAULTS else None

    def _listing(self, resource: str, wanted: dict[str, list[str]]) -> Response:
        if wanted.get("api_key") != [KEY]:
            return _error(400, 5, "Invalid API key")
        if resource not in ("threads/list", "posts/list"):
            return _error(404, 1, "Endpoint not valid")
        if wanted.get("forum") != [FORUM]:
            return _error(400, 2, f"Invalid argument, 'forum': Unable to find forum '{wanted.get('forum', [''])[0]}'")
        limit = int(wanted.get("limit", ["25"])[0])
        if limit > 100:
            return _error(400, 2, "Invalid argument, 'limit': must be at most 100")
        if self.moderators_only and "unapproved" in wanted.get("include", []):
            return _error(403, 12, "You do not have permission to perform that action on the specified forum")
        items = self.threads if resource == "threads/list" else self._posts(wanted)
        if "since" in wanted:
            since = datetime.fromtimestamp(int(wanted["since"][0]), UTC).replace(tzinfo=None).isoformat()
            items = [item for item in items if item["createdAt"] >= since]
        items = sorted(items, key=lambda item: (item["createdAt"], int(item["id"])))
        if wanted.get("order", ["desc"]) == ["desc"]:
            items.reverse()
        start = int(wanted["cursor"][0].split(":")[0]) if "cursor" in wanted else 0
        more = start + limit < len(items)
        following = f"{start + limit}:0:0"
        cursor = {
            "prev": f"{start}:0:1" if start else None, "hasNext": more, "next": following,
            "hasPrev": start > 0, "total": None, "id": following, "more": more,
        }  # fmt: skip
        body = {"cursor": cursor, "code": 0, "response": items[start : start + limit]}
        # Escaped, as half a surrogate pair can come over the wire only so.
        return Response(json.dumps(body), media_type="application/json")

    def _posts(self, wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
        include = wanted.get("include", ["approved"])
        of = wanted.get("thread") or [thread["id"] for thread in self.threads] + ["99"]
        deleted = self.deleted_listed or "deleted" in include
        states = {"approved": True, "unapproved": False}
        approved = [states[name] for name in include if name in states]
        return [
            post for post in self.posts
            if post["thread"] in of and (deleted if post["isDeleted"] else post["isApproved"] in approved)
        ]  # fmt: skip


def _error(status: int, code: int, message: str) -> Response:
    return JSONResponse({"code": code, "response": message}, status_code=status)


def _listed(cursor: dict[str, Any], *items: Any) -> Response:
    return JSONResponse({"code": 0, "cursor": cursor, "response": items})


_FAULTS: dict[str, Callable[[], Response]] = {
    "html": lambda: HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", status_code=502),
    "page": lambda: HTMLResponse("<html>Sign in to this network</html>"),
    "garbled": lambda: Response(b"no gzip at all", headers={"Content-Encoding": "gzip"}),
    "truncated": lambda: Response('{"cursor": {"hasNext": true, "next": "1:0', media_type="application/json"),
    "limit": lambda: _error(429, 13, "You have exceeded the rate limit for this resource"),
    "strange": lambda: _listed({"hasNext": False}, {"id": "1; DROP"}),
    "loop": lambda: _listed({"hasNext": True, "next": "1:0:0", "id": "1:0:0", "more": True}),
}


@contextmanager
def running(folder: Path) -> Iterator[StandIn]:
    """A stand-in on a free port of loopback; its certificate authority is a file in `folder`."""
    standin = StandIn()
    authority = trustme.CA()
    standin.ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(standin.ca))
    chain = folder / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(chain))
    app = Starlette(routes=[Route("/api/3.0/{resource:path}", standin.answer)])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ssl_certfile=str(chain))
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline and running.is_alive(), "the stand-in did not start"
        time.sleep(0.01)
    standin.base = f"https://localhost:{server.servers[0].sockets[0].getsockname()[1]}/api/3.0"
    try:
        yield standin
    finally:
        server.should_exit = True
        running.join(10)
