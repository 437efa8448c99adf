"""Small real sites for tests: written to a folder, built by the real Pelican in a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
KEPT_PICTURES = ROOT / "var/cache/pictures"
SLICES = ("writing", "authors", "docs", "touchpoints", "reading", "comments", "newsletter", "journeys")

NO_ABOUT = 'del ORGANIZATION["url"]'
"""For sites without the page that the project's own settings lead to."""

ARTICLE = """\
Title: {title}
Date: 2026-01-0{day} 09:00
Category: Strategy
Tags: funnels, journeys
Authors: Ada Sample
Summary: What {title} is about.

{body}
"""

PLAN = """\
[[objective]]
slug = "signups"
title = "Signups"
measure = "signup"
target = 5
by = 2027-06-30
  [[objective.strategy]]
  slug = "useful"
  title = "Useful"
    [[objective.strategy.function]]
    slug = "marketing"
    title = "Marketing"
      [[objective.strategy.function.tactic]]
      slug = "essays"
      title = "Essays"
      pages = ["articles/*"]
"""
"""A plan of one objective, which serves every article."""


def article(title: str = "First post", day: int = 1, body: str = "Hello, reader.") -> str:
    return ARTICLE.format(title=title, day=day, body=body)


def png(width: int, height: int, colour: str = "teal") -> bytes:
    """A real picture."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, "PNG")
    return data.getvalue()


def lend_pictures(var: Path) -> None:
    """Let builds with the state `var` find the pictures that were made of the shipped content, and keep others there.

    They are kept by what they are made of, so that tests may share them.
    """
    KEPT_PICTURES.mkdir(parents=True, exist_ok=True)
    (var / "cache").mkdir(parents=True, exist_ok=True)
    (var / "cache/pictures").symlink_to(KEPT_PICTURES)


@dataclass
class Site:
    """A site in `root`. `conf` is appended to a copy of the project's own pelicanconf.py."""

    root: Path
    conf: str = ""

    def write(self, files: dict[str, str | bytes]) -> Site:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def settings_file(self) -> Path:
        path = self.root / "pelicanconf.py"
        text = (ROOT / "pelicanconf.py").read_text()
        path.write_text(f"{text}\nTHEME = {str(ROOT / 'theme')!r}\n{self.conf}\n")
        return path

    def run(
        self, *command: str, env: dict[str, str] | None = None, seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run a command in the site's folder with the project's Python; output is captured as text."""
        bin_folder = str(Path(sys.executable).parent)
        environ = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "MILEPOST_VAR": str(self.root / "var")}
        return subprocess.run(
            command,
            check=False,
            cwd=self.root,
            env={**environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def pelican(self, **overrides: Any) -> subprocess.CompletedProcess[str]:
        """Build with the plain `pelican` command, as anybody would; overrides are settings."""
        (self.root / "content").mkdir(exist_ok=True)
        extra = [f"{name}={json.dumps(value)}" for name, value in overrides.items()]
        flags = ["-e", *extra] if extra else []
        return self.run(
            "pelican", "content", "-s", self.settings_file.name, "-o", "output", "--fatal", "errors",
            "--log-handler", "plain", *flags,
        )  # fmt: skip

    def milepost(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `milepost` with this site's settings file."""
        environ = {"MILEPOST_SETTINGS": str(self.settings_file), **(env or {})}
        return self.run("milepost", *arguments, env=environ)

    def soup(self, path: str) -> BeautifulSoup:
        return BeautifulSoup((self.output / path).read_bytes(), "lxml")

    def json(self, path: str) -> Any:
        return json.loads((self.output / path).read_bytes())
