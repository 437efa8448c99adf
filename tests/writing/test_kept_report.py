"""A check of what has not changed is the last one, whatever may have happened to it since."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from planted import CLEAN, CONF, DOC, FIRST

from milepost.inputs import RACY_NS
from milepost.settings import load
from milepost.writing.built.report import Report, of_site
from sites import Site, article

New = Callable[..., Site]
DEAD = "[x](/gone/)"


@pytest.fixture
def check(new_site: New, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Site, Callable[..., Report]]]:
    def make(files: dict[str, str | bytes]) -> tuple[Site, Callable[..., Report]]:
        site = new_site({**CLEAN, **files}, CONF)
        monkeypatch.chdir(site.root)
        settings = load(site.settings_file, environ={"MILEPOST_VAR": str(site.root / "var")})

        def report(**more: Any) -> Report:
            time.sleep(RACY_NS / 1e9 + 0.05)  # what was only just written may be written again, and is looked at
            return of_site(settings, **more)

        return site, report

    return make


Check = Callable[..., tuple[Site, Callable[..., Report]]]


def built(site: Site) -> int:
    return (site.root / "var/cache/check.stamp").stat().st_ino


def test_nothing_is_built_or_read_again_when_nothing_has_changed(check: Check) -> None:
    site, report = check({DOC: f"Title: Docs\n\n{DEAD}\n"})
    first = report()
    assert [f"{finding.file}:{finding.line}" for finding in first.findings] == [f"{DOC}:3"]
    shutil.rmtree(site.root / "var/check")
    (site.root / "var/cache/pages.msgpack").unlink()
    assert report() == first
    assert not (site.root / "var/check").exists()


def test_whatever_changes_is_seen(check: Check) -> None:
    site, report = check({})
    assert report().findings == []
    changes: dict[str, str] = {
        "a source": f"Title: Docs\n\n{DEAD}\n",
        "one of the same size": f"Title: Docs\n\n{DEAD.replace('gone', 'away')}\n",
    }
    for text in changes.values():
        site.write({DOC: text})
        assert [finding.file for finding in report().findings] == [DOC]
    kept = (site.root / DOC).stat()
    site.write({DOC: "Title: Docs\n\n" + "Right.".ljust(len(DEAD)) + "\n"})
    # An inode of its own, as of a file that was moved into its place with the times of the old one.
    shutil.copy(site.root / DOC, site.root / "new.md")
    os.utime(site.root / "new.md", ns=(kept.st_atime_ns, kept.st_mtime_ns))
    (site.root / "new.md").replace(site.root / DOC)
    assert report().findings == []
    (site.root / "content/images/dot.png").unlink()
    assert [finding.rule for finding in report().findings] == ["missing-image"]


def test_what_is_due_changes_the_report_and_no_file(check: Check) -> None:
    coming = article("Coming").replace("2026-01-01 09:00", "2999-01-01 09:00")
    site, report = check({"content/articles/coming.md": coming})
    first = report()
    assert first.waiting == ["due 2999-01-01 09:00  content/articles/coming.md"]
    before = (site.root / "var/cache/report.msgpack").stat().st_ino
    due = datetime.fromisoformat("2999-01-01T09:00+01:00").timestamp()
    report(now=due - 1)
    assert (site.root / "var/cache/report.msgpack").stat().st_ino == before
    report(now=due)
    assert (site.root / "var/cache/report.msgpack").stat().st_ino != before


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x93\xc4\x00\xcb", b"\xff" * 99])
def test_a_damaged_report_is_none(check: Check, damage: bytes) -> None:
    site, report = check({})
    first = report()
    for name in ("report", "pages"):
        (site.root / f"var/cache/{name}.msgpack").write_bytes(damage)
    before = built(site)
    assert report() == first
    assert built(site) == before


def test_another_manifest_is_another_question(check: Check) -> None:
    site, report = check({})
    report()
    old = site.root / "old.json"
    old.write_text('{"touchpoints": [\n{"id": "blog/gone", "url": "http://127.0.0.1:8000/gone/"}]}')
    assert [finding.line for finding in report(manifest=old).findings] == [2]
    old.write_text('{"touchpoints": []}')
    assert report(manifest=old).findings == []


def test_files_that_pelican_does_not_read_change_nothing(check: Check) -> None:
    site, report = check({})
    report()
    before = built(site)
    site.write({"content/articles/.first.md.swp": "x", "content/.git/HEAD": "x", "output/index.html": "x"})
    report()
    assert built(site) == before
    site.write({FIRST: str(CLEAN[FIRST]) + "\n"})
    report()
    assert built(site) != before
