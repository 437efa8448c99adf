"""An issue that was written by hand, in Markdown: read, judged, and made the two parts of a mail.

Knows files and HTML; knows no table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import nh3
from bs4 import BeautifulSoup, Tag
from markdown import Markdown

from milepost import sources
from milepost.errors import ContentError, Finding
from milepost.newsletter import checks
from milepost.newsletter.model import IssueFields, NewsletterError
from milepost.schema import validate
from milepost.settings import Settings
from milepost.sources import Source

_LINK = re.compile(r"(?P<image>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)(?:\{[^}]*\})?")


@dataclass(frozen=True)
class ByHand:
    """One issue by hand. `html` is safe, and every address in both parts is absolute."""

    id: str
    subject: str
    preheader: str
    topics: tuple[str, ...]
    """Slugs; empty: it is for everybody."""
    html: str
    text: str
    send_at: datetime | None


def read(path: Path, settings: Settings) -> ByHand:
    """The issue in the file at `path`.

    Raises:
        NewsletterError: when there is no such file.
        ContentError: when it cannot be sent as it is; with every fault, by line.
    """
    try:
        source = sources.parse(path, "issue")
    except OSError as error:
        raise NewsletterError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NewsletterError(f"{path}: byte {error.object[error.start]:#x} is not UTF-8") from error
    offered = checks.offered_by(sources.of_site(settings), settings)
    fields, faults = validate(source, IssueFields)
    faults += checks.of_issue(source, offered)
    if faults or not isinstance(fields, IssueFields):
        raise ContentError(faults)
    html = _html(source, settings)
    if not BeautifulSoup(html, "html.parser").find(True):
        raise ContentError([Finding(source.name, source.body_line, "issue-empty", "nothing of it can be in a mail")])
    slugs = (checks.slug_of(name, offered) for name in checks.names(fields.topics))
    at = fields.date
    return ByHand(
        id=path.stem,
        subject=fields.title,
        preheader=fields.preheader,
        topics=tuple(slug for slug in slugs if slug),
        html=html,
        text=_text(source, settings),
        send_at=at.replace(tzinfo=ZoneInfo(settings.site.timezone)) if at and not at.tzinfo else at,
    )


def content_of(found: ByHand) -> str:
    """What an issue's row keeps of it as its content."""
    kept = {"html": found.html, "text": found.text, "preheader": found.preheader, "topics": list(found.topics)}
    return json.dumps([kept], ensure_ascii=False)


def _html(source: Source, settings: Settings) -> str:
    """The text as HTML that a mail can hold: no script, no form, no frame, no style of its own."""
    soup = BeautifulSoup(nh3.clean(Markdown(extensions=["extra"]).convert(source.body)), "html.parser")
    for name, tag in _addresses(soup):
        tag[name] = urljoin(f"{settings.site.url}/", str(tag[name]))
    for image in soup.select("img[src]"):
        _measure(image, settings)
    return str(soup)


def _addresses(soup: BeautifulSoup) -> Iterator[tuple[str, Tag]]:
    for name, selector in (("href", "a[href]"), ("src", "img[src]")):
        yield from ((name, tag) for tag in soup.select(selector))


def _measure(image: Tag, settings: Settings) -> None:
    """Say how large a picture of the site is, at most as wide as a mail; without that the text jumps when it comes."""
    from PIL import Image

    place = str(image["src"]).removeprefix(f"{settings.site.url}/")
    try:
        with Image.open(settings.site.content / place) as picture:
            width, height = picture.size
    except OSError:
        return
    shown = min(width, 552)
    image["width"], image["height"] = str(shown), str(round(height * shown / width))


def _text(source: Source, settings: Settings) -> str:
    """The text as it was typed, with addresses that can be followed."""

    def said(found: re.Match[str]) -> str:
        address = urljoin(f"{settings.site.url}/", found["target"])
        return f"[{found['words']}]" if found["image"] else f"{found['words']} <{address}>"

    return _LINK.sub(said, source.body).strip()
