"""The touchpoints that the site has, by its public `touchpoints.json`. Knows nothing of how a page got one."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from milepost import arrivals

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0


class _Touchpoint(msgspec.Struct):
    id: str


class _Manifest(msgspec.Struct):
    touchpoints: list[_Touchpoint]


class Manifest:
    """The ids in one manifest file; a new build of the site is seen at the next question.

    Args:
        mails: tells the touchpoints of mails, which readers meet before the site lists them.
    """

    def __init__(self, path: Path, mails: Callable[[], frozenset[str]] = frozenset) -> None:
        self.path = path
        self._read_at: tuple[int, int] | None = None
        self._ids: frozenset[str] = frozenset()
        self._ask, self._asked_at, self._mails = mails, -math.inf, frozenset[str]()

    def has(self, touchpoint: str) -> bool:
        return touchpoint in self._ids or touchpoint in self._mails

    def may_learn_of(self, touchpoint: str) -> bool:
        """Whether it is unknown, and may be that of a mail; then `ask`."""
        is_mail = touchpoint.startswith(f"{arrivals.SURFACE}/")
        # Anybody may make names up; they cost one question a second.
        return is_mail and not self.has(touchpoint) and time.monotonic() > self._asked_at + ASK_SECONDS

    def ask(self) -> None:
        """Learn of mails that were sent since."""
        self._asked_at = time.monotonic()
        self._mails = self._ask()

    def refresh(self) -> None:
        """Read the file again if it is another one; what was known stays when it is gone or cannot be read."""
        try:
            stat = self.path.stat()
            if (stat.st_mtime_ns, stat.st_ino) == self._read_at:
                return
            self._read_at = stat.st_mtime_ns, stat.st_ino
            manifest = msgspec.json.decode(self.path.read_bytes(), type=_Manifest)
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s: %s; events are taken by the touchpoints known before", self.path, error)
        else:
            self._ids = frozenset(touchpoint.id for touchpoint in manifest.touchpoints)
