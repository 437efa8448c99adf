"""The report's address, `/journeys/`: its static files, for whoever may see them. Knows no measure."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from milepost.settings import Settings

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
}
# What a report's files are called; no name begins with a dot, so that nothing leads out of the folder.
_FILE = re.compile(r"(?:[a-z][a-z-]*/)?[a-z][a-z0-9-]*\.(?:html|css|json|csv)")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def routes(settings: Settings, open_to_all: bool) -> list[BaseRoute]:
    """The report in `var/report/` at `/journeys/`.

    Args:
        open_to_all: no password is asked for; for the preview, which is on loopback. Else the password is
            MILEPOST_REPORT_PASSWORD, with any name, and without one every answer is 404.
    """
    folder, password = settings.env.var / "report", settings.env.report_password

    # Not async: files are read, so Starlette runs it in a thread.
    def answer(request: Request) -> Response:
        if not open_to_all and not password:
            return _plain("not found\n", 404)
        if not open_to_all and not _knows(request, password or ""):
            asked = {"WWW-Authenticate": 'Basic realm="Journeys", charset="UTF-8"'}
            return _plain("the report's password, please\n", 401, asked)
        return _file(folder, request.path_params["path"], settings.site.name)

    def with_slash(request: Request) -> Response:
        return RedirectResponse(f"{request.url.path}/", 308)

    return [Route("/journeys", with_slash), Route("/journeys/{path:path}", answer)]


def _file(folder: Path, path: str, site_name: str) -> Response:
    name = path or "index.html"
    if not _FILE.fullmatch(name):
        return _plain("not found\n", 404)
    try:
        body = (folder / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        # Imported when it is asked for: the report brings every measure with it, and half a second.
        from milepost.journeys.report_page import STYLESHEET, page_without_report

        if name == "index.html":
            body = page_without_report(site_name, "en").encode()
        elif name == STYLESHEET.name:
            body = STYLESHEET.read_bytes()
        else:
            return _plain("not found\n", 404)
    return Response(body, headers={**_HEADERS, "Content-Type": _TYPES[Path(name).suffix]})


def _knows(request: Request, password: str) -> bool:
    """Whether the request has the password, compared in constant time."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        _, _, given = base64.b64decode(credentials.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return secrets.compare_digest(given, password.encode())


def _plain(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, {**_HEADERS, **(headers or {})}, "text/plain")
