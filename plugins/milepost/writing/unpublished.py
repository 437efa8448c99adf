"""What is not published yet: drafts, and what is scheduled. `milepost serve` alone shows it, under a banner.

Knows dates, front matter and HTML; knows no Pelican object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from milepost.writing import addresses
from milepost.writing.entries import Entry
from milepost.writing.model import Fields

PREVIEW = "MILEPOST_PREVIEW"
"""The setting that `milepost serve` gives its builds, and nothing else."""

_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BANNER = Markup('<p class="unpublished" role="status"><strong>{}</strong> Only this preview shows it.</p>\n')


@dataclass(frozen=True)
class Waiting:
    """A source that waits: for its date, or for its writer, where it has none."""

    file: str
    date: datetime | None

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d %H:%M}  {self.file}" if self.date else f"{'draft':<16}  {self.file}"


def waiting(entries: Iterable[Entry], pelican: Mapping[str, Any], now: datetime) -> list[Waiting]:
    """What is due when, the soonest first; then the drafts. `now` is aware of its zone."""
    found = []
    for entry in entries:
        if entry.published or not isinstance(entry.fields, Fields) or entry.fields.status == "skip":
            continue
        date = entry.fields.date and addresses.aware(entry.fields.date, pelican)
        scheduled = entry.fields.status == "published" and date and date > now
        found.append(Waiting(entry.source.name, date if scheduled else None))
    # Stable, so that those of one date stay in the order of their paths.
    return sorted(found, key=lambda one: (one.date is None, one.date and one.date.timestamp()))


def with_banner(html: str, scheduled: datetime | None) -> str:
    """A page that says before anything else that it is a draft, or when it will be published."""
    what = f"Scheduled for {scheduled:%-d %B %Y, %H:%M} ({scheduled.tzname()})." if scheduled else "A draft."
    body = _BODY.search(html)
    at = body.end() if body else 0
    return f"{html[:at]}\n{_BANNER.format(what)}{html[at:]}"
