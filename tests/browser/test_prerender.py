"""A page that Chromium prepares before anybody asks for it: whole, scripts and all, by speculation rules."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from browser.recording import recording

pytestmark = pytest.mark.browser


def test_a_prepared_page_is_met_when_it_is_opened_and_not_before(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("chromium is missing")
    with recording() as collector:
        # Not driven: Chromium prepares nothing for a page that developer tools look at.
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--window-size=800,600",
        ]
        browser = subprocess.Popen([chromium, *options, f"{collector.url}/prepares"], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while not collector.prepared:
                assert time.monotonic() < deadline, "nothing was prepared"
                time.sleep(0.02)
            time.sleep(1)
            before = collector.events()
            [view] = collector.wait_for("view", seconds=20)
        finally:
            browser.terminate()
            browser.wait(20)
        assert (collector.prepared, before, view.touchpoint) == (["/second"], [], "blog/second")
        assert len(collector.events("view")) == 1
