"""What has to be done now and then while the app runs: archiving, and removing what is kept no longer.

It is done by `milepost journeys archive` in a process of its own, so that no reader waits and no memory stays taken.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sys
from pathlib import Path

from milepost.settings import Settings

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
FIRST_SECONDS = 30.0


async def keep_archived(settings: Settings, first: float = FIRST_SECONDS, every: float = EVERY_SECONDS) -> None:
    """Archive every hour, for ever; of several processes that serve one state, one does it."""
    folder = settings.env.var / "inbox"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "keeper.lock").open("ab") as lock:
        await asyncio.sleep(first)
        while True:
            if _held(lock):
                await _run(settings, "report" if _is_stale(settings.env.var) else "archive")
            await asyncio.sleep(every)


def _held(lock: object) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except BlockingIOError:
        return False
    return True


def _is_stale(var: Path) -> bool:
    """Whether there is a report from before somebody was forgotten: they are to be in it no longer."""
    report, people = var / "report/index.html", var / "forgotten/people"
    return report.exists() and people.exists() and people.stat().st_mtime > report.stat().st_mtime


async def _run(settings: Settings, command: str) -> None:
    arguments = ("-m", "milepost.cli", "journeys", command, "-s", str(settings.site.file))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        log.error("journeys %s: %s", command, said.decode(errors="replace").strip()[-500:])
