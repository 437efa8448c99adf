"""`/newsletter/preview/`: an issue as its readers will see it, on a telephone and on a desk, in the light and in the
dark, and its text part. For the preview on this machine alone; nothing is made and nothing is sent.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from milepost import db
from milepost.errors import MilepostError
from milepost.newsletter import ledger, store
from milepost.newsletter.drafts import make_issue
from milepost.newsletter.issue import posts_of
from milepost.newsletter.letter import Letter, letter_of
from milepost.newsletter.mail import Letterhead, compose_issue, letterhead
from milepost.newsletter.model import NewsletterError
from milepost.newsletter.shell import built_topics
from milepost.newsletter.tokens import Tokens
from milepost.settings import Settings

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDTHS = (375, 1440)
ADDRESS = "/newsletter/preview/"
NEXT = "next"
"""In the place of an issue's id: what an issue would be that is made now."""
_STATIC = Path(__file__).parent / "static"
_ASKS = "@media (prefers-color-scheme: dark)"
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# A mail brings its own styles, in its elements; in its own frame, where nothing of it may do anything else.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; frame-ancestors 'self'; sandbox {may}"
)
_MAY = "allow-popups allow-popups-to-escape-sandbox"
_READER = SimpleNamespace(id=0, address="reader@example.org")


class _Shown(NamedTuple):
    """A copy as a stand-in for a reader gets it. Its links for leaving and changing lead nowhere."""

    letter: Letter
    subject: str
    sender: str
    html: str
    text: str


def preview_routes(settings: Settings) -> list[BaseRoute]:
    """The list of issues, the page of each, and the frames in it."""
    opened = cache(lambda: store.open_store(settings.env))

    # Not async: a database is read, so Starlette runs them in threads.
    def listing(_: Request) -> Response:
        with db.reading(opened()) as connection:
            issues = ledger.all_issues(connection)
        return _page("previews.html", issues=issues, next=NEXT)

    def issue(request: Request) -> Response:
        try:
            shown = _shown(settings, opened(), request.path_params["issue"])
        except MilepostError as error:
            return _page("no_preview.html", 404, why=str(error))
        return _page("preview.html", shown=shown, widths=WIDTHS, schemes=SCHEMES, may=_MAY)

    def frame(request: Request) -> Response:
        try:
            shown = _shown(settings, opened(), request.path_params["issue"])
        except MilepostError as error:
            return _page("no_preview.html", 404, why=str(error))
        policy = _MAIL_POLICY.format(pictures=" ".join(_origins(shown.letter)), may=_MAY)
        scheme: Scheme = "dark" if request.path_params["scheme"] == "dark" else "light"
        return HTMLResponse(in_scheme(shown.html, scheme), headers={**_HEADERS, "Content-Security-Policy": policy})

    def style(_: Request) -> Response:
        return FileResponse(_STATIC / "preview.css", headers=_HEADERS)

    return [
        Route(ADDRESS, listing),
        Route(f"{ADDRESS}preview.css", style),
        Route(f"{ADDRESS}{{issue}}/", issue),
        Route(f"{ADDRESS}{{issue}}/{{scheme}}", frame),
    ]


def in_scheme(html: str, scheme: Scheme) -> str:
    """The mail as a program shows it that is light, or dark, whatever the browser is; its links open elsewhere."""
    forced = html.replace(_ASKS, "@media all" if scheme == "dark" else "@media not all")
    return forced.replace("light dark", scheme).replace("<head>", '<head><base target="_blank">', 1)


def _shown(settings: Settings, engine: Engine, issue_id: str) -> _Shown:
    row, now = _row(settings, engine, issue_id), datetime.now(UTC)
    letter, at = letter_of(row), row.frozen_at or now
    head = Letterhead(**json.loads(row.letterhead)) if row.letterhead else letterhead(settings)
    reader = SimpleNamespace(**vars(_READER), changed_at=at)
    message = compose_issue(letter, reader, head, Tokens(b"preview"), f"<preview@{head.host}>", at)
    parts = {kind: message.get_body((kind,)) for kind in ("html", "plain")}
    html, text = (str(part.get_content()) if part else "" for part in parts.values())
    return _Shown(letter, letter.subject, str(message["From"]), html, text)


def _row(settings: Settings, engine: Engine, issue_id: str) -> Any:
    if issue_id != NEXT:
        with db.reading(engine) as connection:
            return ledger.issue_row(connection, issue_id)
    items, topics = posts_of(settings), built_topics(settings)
    # Made as `issue` makes it, and then not made.
    with engine.connect() as connection, connection.begin() as transaction:
        made = make_issue(connection, items, datetime.now(UTC), topics)
        row = ledger.issue_row(connection, made) if made else None
        transaction.rollback()
    if row is None:
        raise NewsletterError("nothing is new since the last issue; write a post, and look here again")
    return row


def _origins(letter: Letter) -> list[str]:
    pictures = [urlsplit(post.picture.url) for post in letter.posts if post.picture]
    return sorted({"'self'", *(f"{url.scheme}://{url.netloc}" for url in pictures)})


def _page(template: str, status: int = 200, **values: Any) -> Response:
    text = _templates().get_template(template).render(address=ADDRESS, **values)
    return HTMLResponse(text, status, {**_HEADERS, "Content-Security-Policy": _PAGE_POLICY})


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates" / "newsletter" / "preview"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
