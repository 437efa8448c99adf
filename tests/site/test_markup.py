"""Every page of the shipped site by html-validate's standard preset: what HTML itself asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sites import ROOT

VALIDATOR = ROOT / "tests/node/node_modules/html-validate/bin/html-validate.mjs"
CONFIG = {"root": True, "extends": ["html-validate:standard"]}


def faults(folder: Path) -> list[str]:
    """What is wrong with the pages below `folder`, as `file:line: rule: message`."""
    if not VALIDATOR.exists():
        pytest.skip("html-validate is not installed: `make test` does it")
    config = folder.parent / "html-validate.json"
    config.write_text(json.dumps(CONFIG))
    node = Path(sys.executable).with_name("node")
    done = subprocess.run(
        [node, VALIDATOR, "--config", config, "--formatter", "json", *sorted(folder.rglob("*.html"))],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return [
        f"{Path(file['filePath']).relative_to(folder)}:{fault['line']}: {fault['ruleId']}: {fault['message']}"
        for file in found
        for fault in file["messages"]
    ]


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
