"""The touchpoints that the site has, by its public `touchpoints.json`. Knows nothing of how a page got one."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from milepost import arrivals

log = logging.getLogger(__name__)

FRESH_SECONDS = 1.0
"""How long what was read is believed of a touchpoint that is in it: asking the disk at each event costs more."""
ASK_SECONDS = 1.0
"""How often it is asked which mails there are: anybody may make names of some up."""


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
        self._fresh_until = 0.0
        self._ask, self._asked_at, self._mails = mails, -math.inf, frozenset[str]()

    def unknown(self, touchpoints: Iterable[str]) -> set[str]:
        """Those that the site does not have. A new page is known at once, one that is gone for a second more."""
        if time.monotonic() > self._fresh_until:
            self._refresh()
        found = set(touchpoints) - self._ids
        if found:
            self._refresh()
            found -= self._ids | self._mails
        return found

    def may_be_mails(self, unknown: Iterable[str]) -> bool:
        """Whether one of them may be that of a mail that was sent since it was asked; then `ask`."""
        is_time = time.monotonic() > self._asked_at + ASK_SECONDS
        return is_time and any(one.startswith(f"{arrivals.SURFACE}/") for one in unknown)

    def ask(self) -> None:
        """Learn which mails there are."""
        self._asked_at = time.monotonic()
        self._mails = self._ask()

    def _refresh(self) -> None:
        """Read the file again if it is another one; what was known stays when it is gone or cannot be read."""
        self._fresh_until = time.monotonic() + FRESH_SECONDS
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
