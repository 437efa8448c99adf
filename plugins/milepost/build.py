"""One build of the site by Pelican, in a process of its own, swapped in as a whole or not at all.

A process of its own, because signal receivers and Pelican's caches outlive a build within one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from milepost import progress, slices
from milepost.errors import ContentError, MilepostError
from milepost.settings import Settings

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

    def run(self, accept: Callable[[Path], None] | None = None) -> str:
        """Build into a folder beside `output`, then swap the two; returns what Pelican printed.

        Args:
            accept: looks at the fresh folder before it is swapped in, and raises when it must not be.
        Raises:
            BuildError: when Pelican's exit status is not 0.
        """
        fresh = self.output.with_name(self.output.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        with _terminal() as (descriptors, environ):
            done = subprocess.run(  # noqa: S603
                self._command(fresh), capture_output=True, text=True, check=False, pass_fds=descriptors, env=environ
            )
        text = (done.stdout + done.stderr).strip()
        try:
            if done.returncode:
                raise BuildError(text or f"pelican ended with status {done.returncode} and said nothing")
            if accept:
                accept(fresh)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
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


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[tuple[int, ...], dict[str, str]]]:
    """(descriptors, environment) for a process whose output is kept, and whose progress is still to be seen."""
    if not sys.stderr.isatty():
        yield (), dict(os.environ)
        return
    descriptor = os.dup(sys.stderr.fileno())
    try:
        yield (descriptor,), {**os.environ, progress.FD: str(descriptor)}
    finally:
        os.close(descriptor)


def make_ready(built: Path, settings: Settings) -> None:
    """What publishing does with the folder `built`: refuse its faults, then each enabled slice's `publishing.finish`.

    Raises:
        ContentError: as `refuse_faults` does.
    """
    refuse_faults(built, settings)
    for _, part in slices.parts("publishing", settings.enabled):
        part.finish(built, settings)


def refuse_faults(built: Path, settings: Settings) -> None:
    """Let nothing pass that an enabled slice's `built.findings(built, settings)` finds in the folder `built`.

    Raises:
        ContentError: with every finding, warnings too, as an error.
    """
    found = {fault for _, part in slices.parts("built", settings.enabled) for fault in part.findings(built, settings)}
    if found:
        raise ContentError([replace(finding, severity="error") for finding in found])
