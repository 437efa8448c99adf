"""The seams of Pelican that several slices use, each found by trying. For `plugin.py` files only."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

from jinja2 import ChoiceLoader, FileSystemLoader
from pelican import signals

from milepost import settings as settings_module
from milepost.errors import Finding, MilepostError
from milepost.settings import Settings

log = logging.getLogger("milepost")
# A logger of Python's own kind: Pelican's raises when it warns and warnings are fatal.
_advice = logging.Logger("milepost")
_advice.parent = log
_KEY, _KEPT, _READERS, _UNTIL = "_MILEPOST", "_MILEPOST_KEPT", "_MILEPOST_READERS", "_MILEPOST_UNTIL"


def settings_of(pelican_settings: Any) -> Settings:
    """Our settings, read once per build from Pelican's; stops the build when they are wrong."""
    if _KEY not in pelican_settings:
        try:
            pelican_settings[_KEY] = settings_module.from_pelican(pelican_settings)
        except MilepostError as error:
            stop([error])
    found: Settings = pelican_settings[_KEY]
    return found


def stop(errors: list[MilepostError] | list[Finding]) -> NoReturn:
    """Print each fault and end the build with exit status 1.

    Printed, not logged, because Pelican's usual log handler breaks a line into columns. SystemExit, because
    Pelican prints a traceback for any Exception, and the fault is the writer's.
    """
    for error in errors:
        print(error, file=sys.stderr)
    raise SystemExit(1)


def advise(text: str) -> None:
    """Log a warning that is no fault of what is built, and so fails no build, not even under `--fatal warnings`."""
    _advice.warning("%s", text)


def add_templates(generator: Any, slice_name: str) -> None:
    """Let `generator` find the slice's own templates after the theme's, so that a theme may replace them."""
    folder = Path(__file__).parent / slice_name / "templates"
    generator.env.loader = ChoiceLoader([generator.env.loader, FileSystemLoader(folder)])


def keep_apart(pelican_settings: dict[str, Any], folders: Iterable[str]) -> None:
    """Let Pelican read no article and no page from `folders` (below PATH): they are a slice's own."""
    own = list(folders)
    for kind in ("ARTICLE", "PAGE"):
        paths, excludes = f"{kind}_PATHS", f"{kind}_EXCLUDES"
        pelican_settings[paths] = [path for path in pelican_settings[paths] if path not in own]
        pelican_settings[excludes] = [*pelican_settings[excludes], *own]


@dataclass(frozen=True)
class PageStep:
    """What a slice does with each page that was rendered, and what it must know of each for the site's own files."""

    name: str
    finish: Callable[[str, Mapping[str, Any]], tuple[str, Any]]
    """(HTML, context) -> (HTML, record), and nothing else: a build that leaves a page as it is does not call it."""
    keep: Callable[[Mapping[str, Any], str, Any], None]
    """(settings, file below the output folder, record): takes in a page's record, of this build or an earlier one."""
    record: Any
    """The record's type, for msgspec."""


_steps: dict[str, PageStep] = {}


def on_page(step: PageStep) -> None:
    """Let every page that is written take `step`."""
    _steps[step.name] = step
    signals.content_written.connect(finish_written)


def steps() -> list[PageStep]:
    """Every slice's step, in an order that does not depend on PLUGINS."""
    return [_steps[name] for name in sorted(_steps)]


def finished(html: str, context: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """(HTML after every step, each step's record)."""
    records = {}
    for step in steps():
        html, records[step.name] = step.finish(html, context)
    return html, records


def keep(settings: Mapping[str, Any], name: str, records: Mapping[str, Any]) -> None:
    """Let every slice take in the records of the page `name`."""
    for step in steps():
        step.keep(settings, name, records[step.name])


def finish_written(path: str, context: dict[str, Any]) -> None:
    """Take every step with a page that Pelican itself has just written."""
    if path.endswith(".html"):
        file = Path(path)
        html = file.read_text(encoding="utf-8")
        after, records = finished(html, context)
        if after != html:
            file.write_text(after, encoding="utf-8")
        keep(context, context["output_file"], records)


class Kept(Protocol):
    """The files of an earlier build that this one leaves as they are."""

    def has(self, name: str) -> bool: ...

    def drop(self, name: str) -> None: ...


def has(settings: Mapping[str, Any], name: str) -> bool:
    """Whether the file `name`, whose name says what is in it, is published already and need not be written."""
    kept: Kept | None = settings.get(_KEPT)
    return kept is not None and kept.has(name)


def drop(settings: Mapping[str, Any], name: str) -> None:
    """Let the file `name` not be left from an earlier build."""
    kept: Kept | None = settings.get(_KEPT)
    if kept is not None:
        kept.drop(name)


def readable(settings: dict[str, Any], kind: str, value_of: Callable[[str], Any]) -> None:
    """Say what the value of a thing of `kind` is, by its key, for pages that have noted that they read it."""
    settings.setdefault(_READERS, {})[kind] = value_of


def right_until(settings: dict[str, Any], when: datetime) -> None:
    """Say that what is built is right until `when`, an aware time, even if no file changes."""
    settings[_UNTIL] = min(when, settings.get(_UNTIL, when))
