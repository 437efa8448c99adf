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
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from milepost import progress, slices
from milepost.errors import ContentError, MilepostError
from milepost.inputs import stamp
from milepost.resident import Resident
from milepost.settings import Settings

PROCESS = "milepost.incremental.process"
ERRORS, WARNINGS = "errors", "warnings"


class BuildError(MilepostError):
    """Pelican refused the site; the text says where and why. What was published before is untouched."""


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Build:
    """What to build, where to, and how."""

    settings: Settings
    output: Path
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Settings that differ from the file's."""
    fatal: str = ERRORS
    jobs: int = field(default_factory=processors)
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
        replace_whole(fresh, self.output)
        return said

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """While the block runs, let this very process be one that builds: it is spared another's start."""
        with self._ordered(self.output) as (command, environ, descriptors):
            os.environ.update(environ)
            for descriptor in descriptors:
                os.set_inheritable(descriptor, True)
            sys.argv = command[2:]
            yield

    @property
    def state(self) -> Path:
        """The file that keeps what is known of the built site."""
        what = f"{self.output.absolute()} {self.settings.site.content} {self.fatal} {sorted(self.overrides.items())}"
        name = f"{self.output.name}-{hashlib.blake2b(what.encode(), digest_size=6).hexdigest()}.sqlite"
        return self.settings.env.var / "cache" / "build" / name

    def start(self) -> tuple[str, Resident]:
        """Build what has changed, and keep the process: (what the build said, the process).

        Raises:
            BuildError: as `run` does.
        """
        ours, theirs = socket.socketpair()
        with (
            self._ordered(self.output, theirs.fileno()) as (command, environ, descriptors),
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            with theirs:
                process = subprocess.Popen(command, stdout=out, stderr=err, env=environ, pass_fds=descriptors)  # noqa: S603
            is_done = bool(ours.recv(1))
            text = "".join(_read(file) for file in (out, err)).strip()
            if not is_done:
                ours.close()
                raise BuildError(text or f"pelican ended with status {process.wait()} and said nothing")
        return text, Resident(process, ours)

    def _build(self, output: Path) -> str:
        with self._ordered(output) as (command, environ, descriptors):
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, check=False, env=environ, pass_fds=descriptors
            )
        text = (done.stdout + done.stderr).strip()
        if done.returncode:
            raise BuildError(text or f"pelican ended with status {done.returncode} and said nothing")
        return text

    @contextlib.contextmanager
    def _ordered(
        self, output: Path, control: int = -1
    ) -> Iterator[tuple[list[str], dict[str, str], tuple[int, ...]]]:  # fmt: skip
        """(command, environment, descriptors) of the process that builds; it builds alone while the block runs."""
        fresh = output.with_name(output.name + ".new")
        with _alone(self.state.with_suffix(".lock")) as lock, _terminal() as (descriptors, environ):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.parent.mkdir(parents=True, exist_ok=True)
            order: dict[str, object] = {"output": str(output.absolute()), "state": str(self.state), "jobs": self.jobs}
            order |= {"clean": self.clean, "explain": self.explain, "control": control}
            order["lock"] = lock[0] if lock else -1
            # Before anything is read, so that what changes meanwhile is looked at the next time.
            order["inputs"] = stamp(self.settings, str(Path.cwd()), without=[fresh, output, self.output]).decode()
            environ |= {"MILEPOST_BUILD": json.dumps(order)}
            held = (*descriptors, *lock, *([control] if control >= 0 else []))
            try:
                yield self._command(fresh), environ, held
            finally:
                shutil.rmtree(fresh, ignore_errors=True)

    def _command(self, fresh: Path) -> list[str]:
        # Never `-q`: it makes --fatal forget the exit status.
        command = [sys.executable, "-m", PROCESS, str(self.settings.site.content)]
        command += ["-s", str(self.settings.site.file)]
        command += ["-o", str(fresh), "--fatal", self.fatal, "--log-handler", "plain"]
        if self.overrides:
            command += ["-e", *(f"{name}={json.dumps(value)}" for name, value in self.overrides.items())]
        return command


def replace_whole(fresh: Path, output: Path) -> None:
    """Let the folder `fresh` take the place of `output`."""
    old = output.with_name(output.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    fresh.rename(output)
    shutil.rmtree(old, ignore_errors=True)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


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
