"""`make serve`'s own process for tests: on a free port, with a state of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from sites import ROOT, lend_pictures


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """A running preview of the site in `folder`."""

    folder: Path
    url: str
    env: dict[str, str]
    process: subprocess.Popen[str]
    log: Path

    def milepost(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "milepost.cli", *arguments]
        return subprocess.run(
            command, check=False, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120
        )

    def interrupt(self, seconds: float = 15) -> int:
        """Ctrl-C, as a terminal sends it: to the whole process group. Returns the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(seconds)


def answers(asking: httpx.Client, url: str) -> bool:
    """Whether somebody listens there."""
    try:
        asking.get(url)
    except httpx.TransportError:
        return False
    return True


@contextmanager
def serving(folder: Path, var: Path, *command: str, seconds: float = 90) -> Iterator[Served]:
    """Run `command` (by default `make serve`) in `folder` until the home page is there."""
    port = free_port()
    # As from a shell: `make` tells a `make` below it more than a newcomer's does.
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")}
    env = {
        **outside,
        "MILEPOST_VAR": str(var),
        "PORT": str(port),
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
    }
    if folder == ROOT:
        lend_pictures(var)
    log = var.with_name(f"{var.name}.log")
    with log.open("w") as out:
        process = subprocess.Popen(
            command or ("make", "serve", f"PORT={port}"),
            cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
    served = Served(folder, f"http://127.0.0.1:{port}", env, process, log)
    try:
        deadline = time.monotonic() + seconds
        with httpx.Client(timeout=5) as asking:
            while not answers(asking, served.url):
                assert process.poll() is None, f"serve ended:\n{log.read_text()}"
                assert time.monotonic() < deadline, f"not ready after {seconds} s:\n{log.read_text()}"
                time.sleep(0.1)
        yield served
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
