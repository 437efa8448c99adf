"""The built pages over HTTP, with the reload script that exists only here, and the changes it listens to."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_SCRIPT = "/_preview/reload.js"
_NOTHING_BUILT = (
    b"<!doctype html><html lang=en><title>Nothing built yet</title>"
    b"<main><h1>Nothing built yet</h1><p>The fault is shown here as soon as it is known.</p></main>"
)


class Changes:
    """Tells every open page of the preview when there is something new to see, or a fault to mend."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self.fault: str | None = None
        self.version = secrets.token_hex(4)
        """Of the build that is shown; a page of another one has something new to load."""

    def rebuilt(self) -> None:
        self.version, self.fault = secrets.token_hex(4), None
        self._say()

    def failed(self, fault: str) -> None:
        self.fault = fault
        self._say()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for listener in self._listeners:
            listener.put_nowait(None)

    def _say(self) -> None:
        for listener in self._listeners:
            listener.put_nowait(self._now())

    def _now(self) -> str:
        return json.dumps({"version": self.version, "fault": self.fault})

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events, one at once and one after every build: `{"version": text, "fault": text or null}`."""
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield f"retry: 500\n\ndata: {self._now()}\n\n"
            while (message := await listener.get()) is not None:
                yield f"data: {message}\n\n"
        finally:
            self._listeners.discard(listener)


class _Pages(StaticFiles):
    """Static files; every page gets the reload script and those of other slices, nothing is cached."""

    def __init__(self, directory: Path, changes: Changes, scripts: Iterable[str]) -> None:
        super().__init__(directory=directory, html=True, check_dir=False)
        self.changes, self.scripts = changes, tuple(scripts)

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or (Path(str(self.directory)) / "index.html").exists():
                raise
            return HTMLResponse(_NOTHING_BUILT + self._tag(), status_code=404)
        if isinstance(response, FileResponse) and response.media_type == "text/html":
            page = Path(response.path).read_bytes()
            head, end, tail = page.rpartition(b"</body>")
            page = head + self._tag() + end + tail if end else page + self._tag()
            response = HTMLResponse(page, status_code=response.status_code)
        response.headers["cache-control"] = "no-store"
        return response

    def _tag(self) -> bytes:
        scripts = (*self.scripts, f"{_SCRIPT}?{self.changes.version}")
        return "".join(f'<script src="{script}" defer></script>' for script in scripts).encode()


def routes(site: Path, changes: Changes, scripts: Iterable[str] = ()) -> list[BaseRoute]:
    """The preview's own addresses, then the site below `/`, each page of it with `scripts` (addresses)."""

    async def stream(_: Request) -> Response:
        return StreamingResponse(
            changes.stream(), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def script(_: Request) -> Response:
        return FileResponse(Path(__file__).parent / "static" / "reload.js", headers={"cache-control": "no-store"})

    return [
        Route("/_preview/changes", stream),
        Route(_SCRIPT, script),
        Mount("/", _Pages(site, changes, scripts)),
    ]
