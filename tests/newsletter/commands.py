"""`milepost newsletter` as it is typed, in this process: a start takes longer than the commands do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from milepost import cli
from milepost.db import engine_for
from sites import Site

POST = {"id": "1", "url": "https://site.example/1/", "title": "First", "summary": "What it is about."}
BOTH_AT_LENGTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
"""Databases, for what says little more of the second than the rest of the suite does, and takes a while."""

Said = tuple[int, str, str]
Run = Callable[..., Said]


def site_with_feed(root: Path) -> Site:
    """A site with a feed and no store."""
    (root / "content").mkdir(parents=True)
    site = Site(root).write({"feed.json": json.dumps({"items": [POST]})})
    (site.root / "var").mkdir()
    return site


def store_of(site: Site) -> Engine:
    """The store that the commands use: the one that the environment names, or the site's file."""
    file = f"sqlite:///{site.root / 'var' / 'milepost.sqlite'}"
    return engine_for(os.environ.get("MILEPOST_DATABASE_URL") or file)


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run(site, "send", "x", MILEPOST_SMTP_URL="…")`: exit status, output and errors of `milepost newsletter`.

    In this process, since a start takes longer than the commands do; what would be a traceback fails the test.
    """

    def run(site: Site, *arguments: str, **env: str) -> Said:
        with monkeypatch.context() as patch:
            patch.chdir(site.root)
            given = {"MILEPOST_SETTINGS": str(site.settings_file), "MILEPOST_VAR": str(site.root / "var"), **env}
            for name, value in given.items():
                patch.setenv(name, value)
            patch.setattr("sys.argv", ["milepost", "newsletter", *arguments])
            status = 0
            try:
                cli.main()
            except SystemExit as end:
                status = int(end.code or 0)
        return status, *capsys.readouterr()

    return run
