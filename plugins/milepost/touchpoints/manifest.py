"""`touchpoints.json`: every page of the site and its touchpoint, for whoever reads journeys. Knows no Pelican."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from milepost.touchpoints.model import LEVELS, Touchpoint

NAME = "touchpoints.json"


@dataclass(frozen=True)
class Entry:
    """One page. `url` is absolute, times are RFC 3339 or None, `source` is where it comes from, for messages."""

    touchpoint: Touchpoint
    url: str
    title: str
    source: str
    authors: tuple[str, ...] = ()
    published: str | None = None
    updated: str | None = None


def text_of(entries: Iterable[Entry]) -> str:
    """The manifest, the same for the same pages: sorted by id."""
    rows = [
        {
            "id": entry.touchpoint.id,
            "url": entry.url,
            "title": entry.title,
            "surface": entry.touchpoint.surface,
            "kind": entry.touchpoint.kind,
            "topics": entry.touchpoint.topics,
            "authors": entry.authors,
            "published": entry.published,
            "updated": entry.updated,
            **dict(zip(LEVELS, entry.touchpoint.placement, strict=True)),
        }
        for entry in sorted(entries, key=lambda entry: entry.touchpoint.id)
    ]
    return json.dumps({"version": 1, "touchpoints": rows}, ensure_ascii=False, indent=1) + "\n"
