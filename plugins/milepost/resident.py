"""The process of a build that lives on, and makes a single page anew at once. Knows processes; knows no Pelican."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
from pathlib import Path


class Resident:
    """A build that has ended, with all that it has read still in mind."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process, self._control = process, control
        self._answers = control.makefile("r", encoding="utf-8")
        self._lock = threading.Lock()

    def refresh(self, source: Path) -> list[str]:
        """Write the page of one changed source anew, and return its files below the output folder.

        Nothing is written, and the list empty, where more than that page depends on what has changed, or where it
        cannot be made; the next build says why. Lists and neighbours are the next build's too.
        """
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._control.sendall(json.dumps(str(source)).encode() + b"\n")
            found: list[str] = json.loads(self._answers.readline())
            return found
        return []

    def close(self) -> None:
        """Let the process end."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._process.wait()
