"""`onward.json`: where readers went next, from the archive back into the site, whose next build reads it.

It says how many, of at least ten people each time, and never who. Knows where the site wants it, by the setting of the
slice that reads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from milepost import slices
from milepost.errors import MilepostError
from milepost.journeys.measures.onward import LEAST_PEOPLE
from milepost.journeys.questions import Question, answer
from milepost.journeys.synthetic import is_synthetic
from milepost.replacing import replace
from milepost.settings import Settings

READER = "reading"
NAME = "onward.json"


class Written(NamedTuple):
    """From how many pages readers went on, and the file that the next build reads; None where it was left as it is."""

    pages: int
    file: Path | None

    def summary(self) -> str:
        """For a person: one line."""
        if not self.pages:
            return f"readers went on to: nothing yet; it takes {LEAST_PEOPLE} people who agreed and went the same way"
        many = f"readers went on to: known for {self.pages} page{'' if self.pages == 1 else 's'}"
        return f"{many}, in {os.path.relpath(self.file)}; the next build shows it" if self.file else many


def write(settings: Settings, rows: Sequence[Mapping[str, Any]] | None = None) -> Written:
    """Write where readers went next, as the archive has it now.

    This state's own answer is always in `onward.json` below MILEPOST_VAR. The site's file is written if there is
    something to say, or if it says what this state said before: so an archive with few readers, such as a preview's,
    takes nothing away that came from the real one. What is synthetic never goes into the site.

    Args:
        rows: of the measure `onward`, where they are known already.
    Raises:
        MilepostError: the archive cannot be read, or the file not be written.
    """
    own, site = settings.env.var / NAME, _wanted(settings)
    rows = answer(settings, "onward", Question()).rows if rows is None else rows
    text = text_of(rows)
    before = own.read_text(encoding="utf-8") if own.exists() else None
    is_ours = site is not None and before is not None and site.is_file() and site.read_text(encoding="utf-8") == before
    _replace(own, text)
    pages = len({row["from"] for row in rows})
    if site is None or is_synthetic(settings.env) or not (rows or is_ours):
        return Written(pages, None)
    _replace(site, text)
    return Written(pages, site)


def text_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The file's text, from the rows of the measure `onward`."""
    went: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        went.setdefault(row["from"], []).append({"to": row["to"], "people": row["people"]})
    return json.dumps({"version": 1, "from": went}, indent=1) + "\n"


def _wanted(settings: Settings) -> Path | None:
    """The file that the site reads, or None where no slice reads one."""
    model: Any = slices.part(READER, "model")
    if READER not in settings.enabled or model is None:
        return None
    return settings.site.file.parent / str(settings.of(model.Settings).onward)


def _replace(file: Path, text: str) -> None:
    """Make `file` hold `text`, as a whole or not at all; where it does already, it stays as it is for every build."""
    try:
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            return
        replace(file, text)
    except OSError as error:
        raise MilepostError(f"{file}: {error.strerror}; name another file with ONWARD_FILE") from error
