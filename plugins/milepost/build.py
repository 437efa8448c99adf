"""One build of the site by Pelican, in a process of its own, that changes nothing unless all of it is good.

A process of its own, because signal receivers and Pelican's caches outlive a build within one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from milepost import progress, slices
from milepost.errors import ContentError, MilepostError
from milepost.settings import Settings

PROCESS = "milepost.incremental.process"
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
    var: Path
    """Where what is known of earlier builds is kept."""
    fatal: str = ERRORS
    jobs: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    """How many processes."""
    clean: bool = False
    """Whether to use nothing of an earlier build."""
    explain: str = ""
    """A file of which to say why it was, or was not, written."""

    def run(self, accept: Callable[[Path], None] | None = None) -> str:
        """Build what has changed; returns what the build said.

        Args:
            accept: looks at a copy of the whole site before that is swapped in, and raises when it must not be; it may
                change the copy.
        Raises:
            BuildError: when Pelican's exit status is not 0. What was published before is untouched.
        """
        if not accept:
            return self._build(self.output)
        whole = self.state.with_suffix("")
        said = self._build(whole)
        fresh = self.output.with_name(self.output.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            shutil.copytree(whole, fresh)
            accept(fresh)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        self._swap(fresh)
        return said

    @property
    def state(self) -> Path:
        """The file that keeps what is known of the built site."""
        what = f"{self.output.absolute()} {self.fatal} {sorted(self.overrides.items())}"
        name = f"{self.output.name}-{hashlib.blake2b(what.encode(), digest_size=6).hexdigest()}.sqlite"
        return self.var / "cache" / "build" / name

    def _build(self, output: Path) -> str:
        fresh = output.with_name(output.name + ".new")
        with _alone(self.state.with_suffix(".lock")) as lock, _terminal() as (descriptors, environ):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.parent.mkdir(parents=True, exist_ok=True)
            order = {"output": str(output.absolute()), "state": str(self.state), "jobs": self.jobs}
            order |= {"clean": self.clean, "explain": self.explain, "inputs": ""}
            environ |= {"MILEPOST_BUILD": json.dumps(order)}
            try:
                done = subprocess.run(  # noqa: S603
                    self._command(fresh), capture_output=True, text=True, check=False, env=environ,
                    pass_fds=(*descriptors, *lock),
                )  # fmt: skip
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        text = (done.stdout + done.stderr).strip()
        if done.returncode:
            raise BuildError(text or f"pelican ended with status {done.returncode} and said nothing")
        return text

    def _command(self, fresh: Path) -> list[str]:
        # Never `-q`: it makes --fatal forget the exit status.
        command = [sys.executable, "-m", PROCESS, str(self.content), "-s", str(self.settings_file)]
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
def _alone(path: Path) -> Iterator[tuple[int, ...]]:
    """Let no other build of the same folder run meanwhile; yields what the process that builds is to hold.

    Held by that process too, since it lives on when this one is killed. Where no lock can be made, there is none.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError:
        yield ()
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield (lock.fileno(),)


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
