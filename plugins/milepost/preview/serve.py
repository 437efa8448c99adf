"""`milepost serve`: build, serve, watch, rebuild, and keep the report fresh, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from watchfiles import Change, awatch
from watchfiles.main import FileChange

from milepost.app import LOOPBACK, create_app, refuse_unlimited
from milepost.errors import MilepostError
from milepost.preview.build import Build, BuildError
from milepost.preview.pages import Changes, routes
from milepost.settings import Settings, load

REPORT_SECONDS = 20


class PortTaken(MilepostError):
    """Somebody listens there already."""


@dataclass(frozen=True)
class Preview:
    """A site served on this machine: where it listens, what it builds, where to."""

    settings: Settings
    host: str
    listener: socket.socket
    build: Build

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.listener.getsockname()[1]}"

    def run(self, say: Callable[[str], None]) -> None:
        """Build once, then serve until interrupted. A fault of the writer's is shown, not raised."""
        changes = Changes()
        self._rebuild(changes, say)
        app = create_app(self.settings, self.build.output, preview=True, more=routes(self.build.output, changes))
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, proxy_headers=False, timeout_graceful_shutdown=3
        )
        server = _Server(config, changes)
        say(f"\nThe site       {self.address}/\nOutbox         {self.address}/outbox/")
        say(f"Journeys       {self.address}/journeys/\n\nCtrl-C stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve(server, changes, say))

    async def _serve(self, server: uvicorn.Server, changes: Changes, say: Callable[[str], None]) -> None:
        helpers = [asyncio.create_task(self._watch(changes, say)), asyncio.create_task(self._report())]
        try:
            await server.serve(sockets=[self.listener])
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _watch(self, changes: Changes, say: Callable[[str], None]) -> None:
        """Rebuild after every change of content, theme or settings, one build at a time."""
        site, one_at_a_time = self.settings.site, asyncio.Lock()

        async def rebuild_after(watcher: AsyncIterator[set[FileChange]]) -> None:
            async for changed in watcher:
                names = sorted({os.path.relpath(path) for _, path in changed})
                say(f"changed: {', '.join(names[:3])}{' and more' if len(names) > 3 else ''}")
                async with one_at_a_time:
                    await asyncio.to_thread(self._rebuild, changes, say)

        folders = [path for path in (site.content, site.theme) if path.exists()]
        # The settings are watched through their folder, since an editor replaces the file; not
        # recursively, since everything else that is below it is none of ours.
        beside = awatch(site.file.parent, recursive=False, debounce=100, watch_filter=self._is_settings)
        await asyncio.gather(rebuild_after(awatch(*folders, debounce=100)), rebuild_after(beside))

    def _is_settings(self, _: Change, path: str) -> bool:
        return path == str(self.settings.site.file)

    def _rebuild(self, changes: Changes, say: Callable[[str], None]) -> None:
        try:
            say(self.build.run())
        except BuildError as fault:
            say(str(fault))
            changes.failed(str(fault))
        else:
            changes.rebuilt()

    async def _report(self) -> None:
        """Make the report anew when events came in since it was made; in a process of its own, at leisure."""
        inbox, seen = self.settings.env.var / "inbox", 0.0
        while True:
            newest = max((path.stat().st_mtime for path in inbox.glob("*") if path.exists()), default=0.0)
            # What comes in while a report is made is newer than what was seen before.
            if newest != seen:
                seen = newest
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "milepost.cli", "journeys", "report", "-s", str(self.settings.site.file),
                    stdout=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
                await process.wait()
            await asyncio.sleep(REPORT_SECONDS)


class _Server(uvicorn.Server):
    """Closes the pages' open streams before it waits for connections to end."""

    def __init__(self, config: uvicorn.Config, changes: Changes) -> None:
        super().__init__(config)
        self.changes = changes

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.changes.close()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to `host` and `port` (0: any free one).

    Raises:
        PortTaken: when the port is in use.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(
            f"port {port} is taken; stop what listens there, or choose another: --port {port + 1}"
        ) from error
    return listener


def preview(settings_file: Path, content: Path | None, output: Path | None, host: str, port: int) -> Preview:
    """A preview ready to run, its SITEURL the address it listens on, its pages in `var/preview`."""
    if host not in LOOPBACK:
        raise MilepostError(f"serve shows the report and every mail to whoever asks; {host} is not this machine")
    listener = listen(host, port)
    address = {"SITEURL": f"http://{host}:{listener.getsockname()[1]}"}
    settings = load(settings_file, address)
    refuse_unlimited(settings, host)
    folder = (output or settings.env.var / "preview").absolute()
    build = Build(settings.site.file, content or settings.site.content, folder, address)
    return Preview(settings, host, listener, build)
