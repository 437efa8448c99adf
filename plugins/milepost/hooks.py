"""The seams of Pelican that several slices use, each found by trying. For `plugin.py` files only."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import ChoiceLoader, FileSystemLoader

from milepost import settings as settings_module
from milepost.errors import Finding, MilepostError
from milepost.settings import Settings

log = logging.getLogger("milepost")
# A logger of Python's own kind: Pelican's raises when it warns and warnings are fatal.
_advice = logging.Logger("milepost")
_advice.parent = log
_KEY = "_MILEPOST"


def settings_of(pelican_settings: dict[str, Any]) -> Settings:
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
