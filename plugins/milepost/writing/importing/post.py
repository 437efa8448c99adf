"""An old post as it was found, before it is anybody's source. Knows no file of the site."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from dateutil import parser as dates

from milepost.errors import MilepostError

Kind = Literal["article", "page"]


class NotUnderstood(MilepostError):
    """A file in which no post can be found."""


@dataclass
class Post:
    """One post. `html` is its body; `notes` is what was not understood, a line each."""

    origin: str
    """What it was read from, for people."""
    title: str
    html: str
    kind: Kind = "article"
    url: str = ""
    """Its old address."""
    date: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    category: str = ""
    tags: tuple[str, ...] = ()
    summary: str = ""
    lang: str = ""
    slug: str = ""
    draft: bool = False
    beside: Path | None = None
    """The folder of the file that it was read from: its pictures lie there or below."""
    notes: list[str] = field(default_factory=list)


def moment(text: str | None) -> datetime | None:
    """A date as somebody wrote it, or None; one of numbers alone is read as ISO has it."""
    text = (text or "").strip()
    if not re.search(r"\d{4}", text) or text.startswith("0000"):
        return None
    try:
        found: datetime = dates.parse(text)
    except (ValueError, OverflowError):
        return None
    return found


def one_line(text: str | None) -> str:
    """`text` on one line, without what no field can hold."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", " ", " ".join((text or "").split())).strip()


def unique(names: Iterable[str | None]) -> tuple[str, ...]:
    """The names that are some, each once, whatever their case."""
    found: dict[str, str] = {}
    for name in map(one_line, names):
        if name:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())


def slug_in(url: str) -> str:
    """The last part of an address, where it says what the post is about; else empty."""
    last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    last = re.sub(r"\.(html?|php|aspx?|jsp|cfm)$", "", last, flags=re.IGNORECASE).lower()
    sensible = re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", last) and re.search(r"[a-z]{3}", last)
    return last.replace("_", "-") if sensible and last not in ("index", "default", "home", "post", "blog") else ""
