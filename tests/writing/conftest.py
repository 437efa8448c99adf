"""What the tests of `writing` share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from milepost.settings import load
from milepost.writing.findings import all_findings, all_sources
from sites import Site


@pytest.fixture
def faults_of(new_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The lines of `milepost check` for a site of the given files, without a process."""

    def find(files: dict[str, str | bytes], conf: str = "") -> list[str]:
        site = new_site(files, conf=f"THEME = 'simple'\n{conf}")
        monkeypatch.chdir(site.root)
        settings = load(site.settings_file, environ={})
        return [str(finding) for finding in all_findings(all_sources(settings), settings)]

    return find
