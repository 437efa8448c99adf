"""Peers that come from npm, installed for the benches alone, below MILEPOST_VAR."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NODE, NPM = (str(Path(sys.executable).with_name(name)) for name in ("node", "npm"))
ELEVENTY = "@11ty/eleventy@3"


def folder() -> Path:
    """Where peers are kept from one run to the next."""
    return Path(os.environ.get("MILEPOST_VAR", "var")).absolute() / "bench"


def eleventy() -> list[str] | None:
    """The command of Eleventy; None, said on standard error, where it cannot be installed."""
    place = folder() / "eleventy"
    command = place / "node_modules/@11ty/eleventy/cmd.cjs"
    if not command.exists():
        place.mkdir(parents=True, exist_ok=True)
        install = [NPM, "install", "--prefix", str(place), "--no-save", "--loglevel", "error", ELEVENTY]
        if subprocess.run(install, cwd=place, stdout=subprocess.DEVNULL, check=False).returncode:
            print("Eleventy could not be installed: it is left out", file=sys.stderr)
            return None
    return [NODE, str(command)]
