"""Which article has which thread, as the last build found out; the commands read it, since only a build knows.

State of this machine, in the folder of all state: it may be removed, and the next build makes it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from milepost.comments import snapshot
from milepost.settings import Settings as AllSettings


class Page(NamedTuple):
    """An article that has a thread: its source, touchpoint id, absolute address, and the thread's id."""

    source: str
    touchpoint: str | None
    url: str
    thread: str


def remember(settings: AllSettings, pages: Iterable[Page]) -> None:
    """Keep `pages` for the commands.

    Raises:
        CommentsError: when the state's folder cannot be written.
    """
    rows = [page._asdict() for page in sorted(pages)]
    snapshot.replace(_path(settings), json.dumps({"version": 1, "pages": rows}, ensure_ascii=False, indent=1) + "\n")


def remembered(settings: AllSettings) -> list[Page] | None:
    """The pages of the last build that had any, or None where there was none."""
    try:
        return [Page(**row) for row in json.loads(_path(settings).read_bytes())["pages"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(settings: AllSettings) -> Path:
    return settings.env.var / "comments.json"
