"""`milepost serve`: build, serve, watch, rebuild, and keep the report fresh, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import uvicorn
from watchfiles import awatch

from milepost import slices
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
    """A site served on this machine: what it builds from where to where, and where it listens."""

    settings_file: Path
    content: Path | None
    output: Path | None
    host: str
    listener: socket.socket
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.listener.getsockname()[1]}"

    def settings(self) -> Settings:
        """The settings as they are now, with the preview's own address."""
        overrides = {"SITEURL": self.address} | ({"PATH": str(self.content.absolute())} if self.content else {})
        found = load(self.settings_file, overrides)
        refuse_unlimited(found, self.host)
        return found

    def run(self, say: Callable[[str], None]) -> None:
        """Build once, then serve until interrupted. A fault of the writer's is shown, not raised."""
        settings = self.settings()
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._run(settings, say))

    async def _run(self, settings: Settings, say: Callable[[str], None]) -> None:
        changes = Changes()
        await _Round(self, settings, changes, say).rebuild()
        say(f"\nThe site       {self.address}/\nOutbox         {self.address}/outbox/")
        say(f"Journeys       {self.address}/journeys/\n\nCtrl-C stops it.")
        while again := await _Round(self, settings, changes, say).serve():
            settings = again


class _Round:
    """The preview between two changes of its settings: everything is made anew from them, but the open socket."""

    def __init__(self, preview: Preview, settings: Settings, changes: Changes, say: Callable[[str], None]) -> None:
        self.preview, self.settings, self.changes, self.say = preview, settings, changes, say
        self.pages = (preview.output or settings.env.var / "preview").absolute()
        overrides = {"SITEURL": preview.address, "MILEPOST_PREVIEW": True}
        self.build = Build(settings.site.file, settings.site.content, self.pages, overrides)
        self.next: Settings | None = None
        self._later: asyncio.Task[None] | None = None

    async def serve(self) -> Settings | None:
        """Serve until the settings change, and return the new ones; None when it was interrupted."""
        app = create_app(self.settings, self.pages, preview=True, more=routes(self.pages, self.changes))
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, proxy_headers=False, timeout_graceful_shutdown=3
        )
        server = _Server(config, self.changes)
        helpers = [
            asyncio.create_task(helper) for helper in (self._watch(), self._watch_settings(server), self._report())
        ]
        try:
            # A copy, since the server closes what it is given.
            await server.serve(sockets=[self.preview.listener.dup()])
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
        return self.next

    async def rebuild(self) -> None:
        """Build, and tell every open page."""
        try:
            self.say(await asyncio.to_thread(self._build))
        except BuildError as fault:
            self._fail(fault)
        else:
            self.changes.rebuilt()
            self._later = asyncio.create_task(asyncio.to_thread(self._afterwards))

    def _afterwards(self) -> None:
        """What a slice has to do with a built site that nobody need wait for."""
        for _, part in slices.parts("afterwards", self.settings.enabled):
            try:
                part.run(self.pages, self.settings)
            except MilepostError as fault:
                self.say(str(fault))

    def _build(self) -> str:
        # Of threads, not of tasks: a round may end while its last build still runs.
        with self.preview.one_at_a_time:
            return self.build.run()

    def _fail(self, fault: MilepostError) -> None:
        self.say(str(fault))
        self.changes.failed(str(fault))

    async def _watch(self) -> None:
        """Rebuild after every change of content or theme."""
        folders = [path for path in (self.settings.site.content, self.settings.site.theme) if path.exists()]
        async for changed in awatch(*folders, debounce=100):
            names = sorted({os.path.relpath(path) for _, path in changed})
            self.say(f"changed: {', '.join(names[:3])}{' and more' if len(names) > 3 else ''}")
            await self.rebuild()

    async def _watch_settings(self, server: _Server) -> None:
        """End this round when the settings have changed and can be read; until then their fault is shown."""
        file = self.settings.site.file
        # Watched through its folder, since an editor replaces the file; not recursively, since everything else
        # that is below it is none of ours.
        async for _ in awatch(
            file.parent, recursive=False, debounce=100, watch_filter=lambda _, path: path == str(file)
        ):
            self.say(f"changed: {os.path.relpath(file)}")
            try:
                settings = await asyncio.to_thread(self.preview.settings)
            except MilepostError as fault:
                self._fail(fault)
                continue
            await _Round(self.preview, settings, self.changes, self.say).rebuild()
            self.next = settings
            self.changes.close()
            server.should_exit = True
            return

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
    """A preview ready to run. Its SITEURL will be the address it listens on, its pages in `var/preview`."""
    if host not in LOOPBACK:
        raise MilepostError(f"serve shows the report and every mail to whoever asks; {host} is not this machine")
    return Preview(settings_file, content, output, host, listen(host, port))
