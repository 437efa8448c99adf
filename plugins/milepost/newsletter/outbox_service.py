"""`/outbox/`: every mail that was sent, to be read in the browser. For the preview on this machine alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from milepost.newsletter.outbox import Mail, Outbox
from milepost.settings import Settings

Shell = Callable[[str, str], str]
_SCRIPT = re.compile(r"<script\b[^>]*></script>\n?")
_LINK = re.compile(r"https?://[^\s<>\"]+")
_SHOWN = ("From", "To", "Date", "List-Id", "List-Unsubscribe", "Message-ID")
# A mail brings its own styles, which the site's policy refuses; nothing else of it may do anything.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "sandbox allow-top-navigation-by-user-activation"
)
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
_PREVIEW = Markup('<p>An issue can be <a href="/newsletter/preview/">looked at before it is sent</a>.</p>')


def outbox_routes(settings: Settings, shell: Shell) -> list[BaseRoute]:
    """The list of mails, each mail, and its HTML part as it would look.

    Without the site's scripts: who looks into the outbox is nobody's reader, and is not measured.
    """
    shell = _without_scripts(shell)
    outbox, zone = Outbox(settings.env.var / "outbox"), ZoneInfo(settings.site.timezone)

    # Not async: files are read, so Starlette runs them in a thread.
    def listing(_: Request) -> Response:
        return HTMLResponse(shell("Outbox", _listing(outbox.mails(), zone)), headers=_HEADERS)

    def mail(request: Request) -> Response:
        found = outbox.mail(request.path_params["name"])
        if not found:
            return _missing(shell)
        return HTMLResponse(shell(found.subject, _mail(found)), headers=_HEADERS)

    def html_part(request: Request) -> Response:
        found = outbox.mail(request.path_params["name"])
        if not found:
            return _missing(shell)
        return HTMLResponse(found.part("html"), headers={**_HEADERS, "Content-Security-Policy": _MAIL_POLICY})

    return [
        Route("/outbox/", listing),
        Route("/outbox/{name}", mail),
        Route("/outbox/{name}/html", html_part),
    ]


def _without_scripts(shell: Shell) -> Shell:
    return lambda title, html: _SCRIPT.sub("", shell(title, html))


def _listing(mails: list[Mail], zone: ZoneInfo) -> str:
    if not mails:
        return (
            "<h1>Outbox</h1><p>No mail yet. Without a mail server every mail comes here: "
            "subscribe with the form on any page, and the one that asks for confirmation is the first.</p>" + _PREVIEW
        )
    rows = Markup("").join(
        Markup('<tr><td><a href="/outbox/{}">{}</a></td><td>{}</td><td>{}</td></tr>').format(
            mail.name, mail.subject, mail.recipient, _time(mail, zone)
        )
        for mail in mails
    )
    return Markup(
        "<h1>Outbox</h1><p>Every mail that was sent, newest first; none has left this machine.</p>{}"
        "<table><thead><tr><th>Subject</th><th>To</th><th>At</th></tr></thead><tbody>{}</tbody></table>"
    ).format(_PREVIEW, rows)


def _mail(mail: Mail) -> str:
    headers = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(name, mail.message[name]) for name in _SHOWN if mail.message[name]
    )
    return Markup(
        '<h1>{}</h1><p><a href="/outbox/{name}/html">As it looks in a mail program</a> · '
        '<a href="/outbox/">All mails</a></p>'
        "{}<h2>Headers</h2><dl>{}</dl>"
    ).format(mail.subject, _paragraphs(mail.part("plain")), headers, name=mail.name)


def _paragraphs(text: str) -> Markup:
    """The text part, line by line, in what wraps on a telephone: a link may be longer than the screen."""
    lines = (linked(part).replace("\n", Markup("<br>\n")) for part in re.split(r"\n{2,}", text.strip()))
    return Markup("\n").join(Markup("<p>{}</p>").format(part) for part in lines)


def _missing(shell: Shell) -> Response:
    page = shell("No such mail", '<h1>No such mail</h1><p><a href="/outbox/">All mails</a></p>')
    return HTMLResponse(page, status_code=404, headers=_HEADERS)


def linked(text: str) -> Markup:
    """`text` escaped, with its addresses as links."""
    parts, at = [], 0
    for found in _LINK.finditer(text):
        parts += [escape(text[at : found.start()]), Markup('<a href="{0}">{0}</a>').format(found[0])]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _time(mail: Mail, zone: ZoneInfo) -> Markup:
    sent = parsedate_to_datetime(str(mail.message["Date"])).astimezone(zone)
    return Markup('<time datetime="{}">{}</time>').format(sent.isoformat(), f"{sent:%-d %B %Y, %H:%M}")
