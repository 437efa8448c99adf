"""The options that every command has, and the way from a settings file to `Settings`. Knows Typer only."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from milepost.settings import Settings


def _verbose(on: bool) -> bool:
    logging.basicConfig(level=logging.DEBUG if on else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    return on


SettingsFile = Annotated[
    Path, typer.Option("-s", "--settings", envvar="MILEPOST_SETTINGS", help="Pelican settings file.", show_default=True)
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", callback=_verbose, help="Say more of what is done.")]

DEFAULT_SETTINGS = Path("pelicanconf.py")


def read(file: Path) -> Settings:
    """The settings of `file`; imported here, since `--help` needs none of it."""
    from milepost import settings

    return settings.load(file)
