"""`milepost newsletter` as it is typed, in this process: a start takes longer than the commands do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from milepost import cli
from milepost.db import engine_for
from sites import Site

POST = {"id": "1", "url": "https://site.example/1/", "title": "First", "summary": "What it is about."}
Said = tuple[int, str, str]
Run = Callable[..., Said]


def site_with_feed(root: Path, migrated: Path) -> Site:
    """A site with a feed and an empty store."""
    (root / "content").mkdir(parents=True)
    site = Site(root).write({"feed.json": json.dumps({"items": [POST]})})
    (site.root / "var").mkdir()
    shutil.copyfile(migrated, site.root / "var" / "milepost.sqlite")
    return site


def store_of(site: Site) -> Engine:
    return engine_for(f"sqlite:///{site.root / 'var' / 'milepost.sqlite'}")


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
