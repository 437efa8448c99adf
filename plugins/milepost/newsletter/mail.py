"""Mails as they are sent: a written text part, an HTML part with its styles inlined, and the headers that let go.

Source: RFC 5322, List-Id (2919), List-Unsubscribe (2369), one click (8058).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import css_inline
from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from milepost.errors import SettingsError
from milepost.newsletter.issue import readable
from milepost.newsletter.letter import Letter
from milepost.newsletter.model import NoticeKind
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.tokens import Purpose, Tokens
from milepost.settings import Settings

_SUBJECTS: dict[NoticeKind, str] = {
    "confirm": "Please confirm: {name}",
    "already": "You are subscribed already: {name}",
}


_OWN: tuple[Purpose, ...] = ("unsubscribe", "one-click", "preferences")
"""What the links of a copy are for that are its reader's own."""
_COLUMN = 72
"""The longest line of a text part, as people type it."""


@dataclass(frozen=True)
class Letterhead:
    """Who writes: what every mail of a site has in common."""

    name: str
    sender: str
    postal_address: str
    site_name: str
    site_url: str

    @property
    def host(self) -> str:
        """The domain of Message-IDs and of the list."""
        return self.sender.rpartition("@")[2]


def letterhead(settings: Settings) -> Letterhead:
    """The letterhead of a site, with what its settings leave out; addresses in ASCII, as headers need them.

    Raises:
        SettingsError: when no mail can be made of the settings.
    """
    import httpx

    ours, site = settings.of(NewsletterSettings), settings.site
    try:
        url = httpx.URL(site.url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(f"SITEURL is {site.url!r}; links in mails need a whole address, https://HOST")
    sender = envelope_address(ours.sender or f"newsletter@{url.raw_host.decode('ascii')}")
    try:
        Address(addr_spec=sender)
    except (MessageError, ValueError, IndexError) as error:
        raise SettingsError(f"NEWSLETTER_FROM is {sender!r}; say an address alone, NAME@HOST") from error
    return Letterhead(
        name=readable(ours.name or site.name),
        sender=sender,
        postal_address=ours.postal_address,
        site_name=site.name,
        site_url=str(url).rstrip("/"),
    )


def compose_notice(
    kind: NoticeKind, subscriber: Any, head: Letterhead, tokens: Tokens, message_id: str, now: datetime
) -> EmailMessage:
    """The mail that answers a signup: asks for confirmation, or says that there is nothing to do."""
    purpose: Purpose = "confirm" if kind == "confirm" else "unsubscribe"
    link = f"{head.site_url}/newsletter/{purpose}/{tokens.make(purpose, subscriber.id)}"
    values = {"head": head, "link": link, "subject": _SUBJECTS[kind].format(name=head.name)}
    message = _message(kind, values, subscriber.address, head, message_id, now)
    # Answers by a machine; it must not be answered by one (RFC 3834).
    message["Auto-Submitted"] = "auto-replied"
    return message


def compose_issue(
    letter: Letter, subscriber: Any, head: Letterhead, tokens: Tokens, message_id: str, now: datetime
) -> EmailMessage:
    """One subscriber's copy of an issue."""
    own = {purpose: f"{head.site_url}/newsletter/{purpose}/{tokens.make(purpose, subscriber.id)}" for purpose in _OWN}
    values = {"head": head, "letter": letter, "now": now, "since": subscriber.changed_at, "subject": letter.subject}
    values |= {"leave": own["unsubscribe"], "preferences": own["preferences"]}
    message = _message("issue", values, subscriber.address, head, message_id, now)
    message["List-Id"] = f"{_phrase(head.name)} <newsletter.{head.host}>"
    message["List-Unsubscribe"] = f"<{own['one-click']}>, <mailto:{head.sender}?subject={quote('unsubscribe')}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Precedence"] = "bulk"
    return message


def envelope_address(address: str) -> str:
    """`address` as SMTP knows it: an internationalised domain as A-labels. A local part beyond ASCII stays."""
    if address.isascii():
        local, at, domain = address.rpartition("@")
        return f"{local}{at}{domain.lower()}"
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return address
    return checked.ascii_email or f"{checked.local_part}@{checked.ascii_domain}"


def _message(
    template: str, values: Mapping[str, Any], address: str, head: Letterhead, message_id: str, now: datetime
) -> EmailMessage:
    message = EmailMessage(policy=_policy())
    message["From"] = Address(head.name, addr_spec=head.sender)
    message["To"] = envelope_address(address)
    message["Subject"] = readable(str(values["subject"]))
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    # Quoted-printable: no line is longer than 76, whatever a title holds.
    message.set_content(_render(f"{template}.txt", values), cte="quoted-printable")
    html = css_inline.inline(_render(f"{template}.html", values), keep_at_rules=True)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


class _Verbatim(BaseHeader):
    """A header that is kept as it is. What the library parses itself, it also decodes: of an encoded word in a title
    or an address it would make further headers."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["decoded"], kwds["parse_tree"] = value, None


class _Text(_Verbatim):
    """Words for people, encoded where they must be (RFC 2047)."""

    def fold(self, *, policy: Policy[Any]) -> str:
        plain = self.isascii() and "=?" not in self and max(map(len, self.split()), default=0) < 60
        words = Header(str(self), "us-ascii" if plain else "utf-8", header_name=self.name)
        return f"{self.name}: {words.encode(linesep=policy.linesep)}{policy.linesep}"


class _Addresses(_Verbatim):
    """Addresses, one a line and never encoded: a mail program finds none in an encoded word (RFC 2047, 5)."""

    def fold(self, *, policy: Policy[Any]) -> str:
        return f"{self.name}: {self.replace(', ', f',{policy.linesep} ')}{policy.linesep}"


@cache
def _policy() -> Policy[Any]:
    registry = HeaderRegistry()
    registry.map_to_type("subject", _Text)
    for name in ("to", "message-id", "list-id", "list-unsubscribe"):
        registry.map_to_type(name, _Addresses)
    # Quoted-printable has no longer lines (RFC 2045, 6.7), which the library would make of its own accord.
    return SMTP.clone(header_factory=registry, max_line_length=76)


def _phrase(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9 ]+", "", name).strip()


def _render(template: str, values: Mapping[str, Any]) -> str:
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates" / "newsletter" / "mail"
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["wrapped"] = wrapped
    return made


def wrapped(text: str) -> str:
    """`text` in lines as people type them; a word that is longer than a line, such as an address, stays whole."""
    return textwrap.fill(text, _COLUMN, break_long_words=False, break_on_hyphens=False)
