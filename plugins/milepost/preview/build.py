"""One build of the site by Pelican, in a process of its own, swapped in as a whole or not at all.

A process of its own, because signal receivers and Pelican's caches outlive a build within one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from milepost.errors import MilepostError

ERRORS, WARNINGS = "errors", "warnings"


class BuildError(MilepostError):
    """Pelican refused the site; the text says where and why. What was published before is untouched."""


@dataclass(frozen=True)
class Build:
    """What to build: Pelican's arguments, and the settings that differ from the file's."""

    settings_file: Path
    content: Path
    output: Path
    overrides: Mapping[str, object]
    fatal: str = ERRORS

    def run(self) -> str:
        """Build into a folder beside `output`, then swap the two; returns what Pelican printed.

        Raises:
            BuildError: when Pelican's exit status is not 0.
        """
        fresh = self.output.with_name(self.output.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(self._command(fresh), capture_output=True, text=True, check=False)  # noqa: S603
        text = (done.stdout + done.stderr).strip()
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise BuildError(text or f"pelican ended with status {done.returncode} and said nothing")
        self._swap(fresh)
        return text

    def _command(self, fresh: Path) -> list[str]:
        # Never `-q`: it makes --fatal forget the exit status.
        command = [sys.executable, "-m", "pelican", str(self.content), "-s", str(self.settings_file)]
        command += ["-o", str(fresh), "--fatal", self.fatal, "--log-handler", "plain"]
        if self.overrides:
            command += ["-e", *(f"{name}={json.dumps(value)}" for name, value in self.overrides.items())]
        return command

    def _swap(self, fresh: Path) -> None:
        old = self.output.with_name(self.output.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if self.output.exists():
            self.output.rename(old)
        fresh.rename(self.output)
        shutil.rmtree(old, ignore_errors=True)
