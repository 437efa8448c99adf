"""The panel on each page of the preview: its script, and what it shows, asked of the archive when it is opened."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from milepost.errors import MilepostError
from milepost.settings import Settings

SCRIPT = "/journeys/post.js"
_FILE = Path(__file__).parent / "static" / "post.js"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(settings: Settings, site: Path) -> list[BaseRoute]:
    """The panel's addresses, for the pages in `site`; for the preview alone, since nobody is asked who they are."""
    # Two questions at one time would take twice the memory.
    asking = Lock()

    def script(_: Request) -> Response:
        return FileResponse(_FILE, headers=_HEADERS, media_type="text/javascript")

    # Not async: it computes, so Starlette runs it in a thread.
    def answer(request: Request) -> Response:
        # The measures are heavy to import, and most pages are opened without a look at the panel.
        from milepost.journeys.post import post

        try:
            with asking:
                told = post(settings, request.query_params.get("touchpoint", ""), site)
        except MilepostError as error:
            return JSONResponse({"error": str(error)}, 404, _HEADERS)
        return JSONResponse(told.as_json(), headers=_HEADERS)

    return [Route(SCRIPT, script), Route("/journeys/post", answer)]
