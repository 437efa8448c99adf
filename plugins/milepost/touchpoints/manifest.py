"""`touchpoints.json`: every page of the site and its touchpoint, for whoever reads journeys. Knows no Pelican."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milepost.errors import MilepostError
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


Row = dict[str, Any]
"""One touchpoint as the manifest has it; `id` and `url` are always there."""


def rows_of(entries: Iterable[Entry]) -> list[Row]:
    """The manifest's rows of these pages."""
    return [
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
        for entry in entries
    ]


def text_of(rows: Iterable[Row]) -> str:
    """The manifest, the same for the same pages: sorted by id."""
    listed = sorted(rows, key=lambda row: str(row["id"]))
    return json.dumps({"version": 1, "touchpoints": listed}, ensure_ascii=False, indent=1) + "\n"


def read(path: Path) -> list[Row]:
    """The rows of the manifest at `path`.

    Raises:
        MilepostError: when it is none; one line that names the file.
        OSError: when it cannot be read.
    """
    name = os.path.relpath(path)
    try:
        rows = json.loads(path.read_bytes())["touchpoints"]
        if all(isinstance(row["id"], str) and isinstance(row["url"], str) for row in rows):
            return list(rows)
    except json.JSONDecodeError as error:
        raise MilepostError(f"{name}:{error.lineno}: {error.msg}; remove it, and make it anew") from error
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    raise MilepostError(f"{name}: no manifest of touchpoints; remove it, and make it anew")


def merged(rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    """`rows` and those of `others`.

    Raises:
        MilepostError: when two of them have one id; the text names both addresses.
    """
    found = {row["id"]: row for row in rows}
    for row in others:
        if (first := found.setdefault(row["id"], row)) is not row:
            raise MilepostError(
                f'touchpoint "{row["id"]}" is that of {first["url"]} and of {row["url"]}; '
                'tag one of them with another --surface, or give a page <meta name="touchpoint" content="…">'
            )
    return list(found.values())


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write the manifest, as a whole or not at all."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text_of(rows), encoding="utf-8")
    new.replace(path)
