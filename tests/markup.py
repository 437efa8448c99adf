"""html-validate over a folder of pages, by its standard preset: what HTML itself asks for."""

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
    told = config.with_suffix(".told.json")
    # Into a file: it ends before a pipe has taken all of a large page, which it repeats.
    with told.open("w") as out:
        done = subprocess.run(
            [node, VALIDATOR, "--config", config, "--formatter", "json", *sorted(folder.rglob("*.html"))],
            check=False, stdout=out, stderr=subprocess.PIPE, text=True, timeout=120,
        )  # fmt: skip
    assert told.stat().st_size, done.stderr
    found: list[dict[str, Any]] = json.loads(told.read_text())
    return [
        f"{Path(file['filePath']).relative_to(folder)}:{fault['line']}: {fault['ruleId']}: {fault['message']}"
        for file in found
        for fault in file["messages"]
    ]
