"""When to look whether something has changed, and what has. Knows files and time; knows no build."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from watchfiles import awatch

from milepost.inputs import Stamp

LOOK_SECONDS = 3.0
_DEBOUNCE_MS, _STEP_MS = 100, 10
"""An editor that saves tells of several events; they are one after so short a silence, and at the latest after this."""
Told = Callable[[set[Path]], Awaitable[None]]
_NAMED = 3


class Looks:
    """Says when to look: after whatever the file system tells of, and every few seconds.

    An event is a hint, and only the look decides. So it does no harm that a watch is not yet there when
    something happens, that some file systems tell of nothing, or that there are more folders than may be watched.
    """

    def __init__(self, below: Sequence[Path], beside: Path, told: Told | None = None) -> None:
        """Watch everything below the folders `below`, and what is in the folder `beside` itself.

        Args:
            told: hears at once of the files that an event names.
        """
        self._told = told
        self._event = asyncio.Event()
        self._watches = [(tuple(below), True), ((beside,), False)]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Looks:
        self._tasks = [asyncio.create_task(self._watch(paths, deep)) for paths, deep in self._watches]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next(self) -> None:
        """Return when it is time to look."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), LOOK_SECONDS)
        self._event.clear()

    async def _watch(self, paths: tuple[Path, ...], deep: bool) -> None:
        async for events in awatch(
            *paths, recursive=deep, debounce=_DEBOUNCE_MS, step=_STEP_MS, ignore_permission_denied=True
        ):
            if self._told:
                await self._told({Path(name) for _, name in events})
            self._event.set()


def changed(before: Mapping[str, Stamp], now: Mapping[str, Stamp]) -> list[str]:
    """The files that are new, gone, or other than before, sorted."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def named(paths: Sequence[str]) -> str:
    """The first few of them as a person would type them."""
    return ", ".join(map(os.path.relpath, paths[:_NAMED])) + (" and more" if len(paths) > _NAMED else "")
