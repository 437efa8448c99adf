"""Every page of the shipped site by html-validate's standard preset: what HTML itself asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from markup import faults
from sites import ROOT


def test_a_fault_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "pages" / "a.html"
    page.parent.mkdir()
    page.write_text('<!DOCTYPE html>\n<html lang="en"><head><title>A</title></head><p><p>B</p></p></html>\n')
    assert faults(page.parent)[:1] == ["a.html:2: close-order: Stray end tag '</p>'"]


@pytest.mark.parametrize("more", [(), ("-s", "publishconf.py", "--strict")], ids=["built", "published"])
def test_every_page_is_valid(tmp_path: Path, more: tuple[str, ...]) -> None:
    output = tmp_path / "output"
    command = [Path(sys.executable).with_name("milepost"), "build", *more, "-o", output]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (faults(output), len(list(output.rglob("*.html"))) > 20) == ([], True)
