"""Peers that come from npm, installed for the benches alone, below MILEPOST_VAR."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NODE, NPM = (str(Path(sys.executable).with_name(name)) for name in ("node", "npm"))
ELEVENTY = ("@11ty/eleventy@3", "@11ty/eleventy-plugin-syntaxhighlight@5")
"""Itself, and what colours code, as the other tools do unasked."""


def folder() -> Path:
    """Where peers are kept from one run to the next."""
    return Path(os.environ.get("MILEPOST_VAR", "var")).absolute() / "bench"


def modules() -> Path:
    """Where Eleventy and its plugins are installed."""
    return folder() / "eleventy/node_modules"


def eleventy() -> list[str] | None:
    """The command of Eleventy; None, said on standard error, where it cannot be installed."""
    place = folder() / "eleventy"
    if not all((modules() / one.rpartition("@")[0]).is_dir() for one in ELEVENTY):
        place.mkdir(parents=True, exist_ok=True)
        install = [NPM, "install", "--prefix", str(place), "--no-save", "--loglevel", "error", *ELEVENTY]
        if subprocess.run(install, cwd=place, stdout=subprocess.DEVNULL, check=False).returncode:
            print("Eleventy could not be installed: it is left out", file=sys.stderr)
            return None
    return [NODE, str(modules() / "@11ty/eleventy/cmd.cjs")]
