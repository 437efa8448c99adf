"""`milepost serve`: build, serve, watch, rebuild, and keep the report fresh, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib.util
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from milepost import slices
from milepost.app import LOOPBACK, create_app, preview_scripts, refuse_unlimited
from milepost.build import Build, BuildError
from milepost.errors import MilepostError
from milepost.inputs import Stamp, folders, inputs
from milepost.preview.pages import Changes, routes
from milepost.preview.watch import Looks, changed, named
from milepost.resident import Resident
from milepost.settings import Settings, load
from milepost.sources import SUFFIXES

REPORT_SECONDS = 20
"""How long nothing must have come in before a report is made anew: a yes cannot adopt what is archived by then."""
LOOK_SECONDS = 2


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

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.listener.getsockname()[1]}"

    def settings(self) -> Settings:
        """The settings as they are now, with the preview's own address."""
        _forget_settings(self.settings_file.absolute().parent)
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
        pages = _Pages(self, settings, changes, say)
        await pages.rebuild()
        say(f"\nThe site       {self.address}/\nOutbox         {self.address}/outbox/")
        say(f"Journeys       {self.address}/journeys/\n\nCtrl-C stops it.")
        async with _Services() as services:
            await pages.serve_by(services)
            config = uvicorn.Config(
                services, lifespan="off", log_level="warning", access_log=False, proxy_headers=False,
                timeout_graceful_shutdown=3,
            )  # fmt: skip
            helpers = [asyncio.create_task(helper) for helper in (pages.keep_fresh(services), pages.keep_reported())]
            try:
                await _Server(config, changes).serve(sockets=[self.listener])
            finally:
                for helper in helpers:
                    helper.cancel()
                await asyncio.gather(*helpers, return_exceptions=True)
                pages.close()


class _Pages:
    """The built pages: made anew whenever what is there is not what they were made of."""

    def __init__(self, preview: Preview, settings: Settings, changes: Changes, say: Callable[[str], None]) -> None:
        self.preview, self.settings, self.changes, self.say = preview, settings, changes, say
        self.made_of: dict[str, Stamp] = {}
        self.resident: Resident | None = None
        """The last build that was good."""
        self._later: asyncio.Task[None] | None = None

    @property
    def folder(self) -> Path:
        return (self.preview.output or self.settings.env.var / "preview").absolute()

    async def serve_by(self, services: _Services) -> None:
        """Let `services` answer by the settings as they are now."""
        more = routes(self.folder, self.changes, preview_scripts(self.settings))
        await services.become(create_app(self.settings, self.folder, preview=True, more=more))

    async def rebuild(self) -> None:
        """Build, and tell every open page; what changes meanwhile is found by the next look."""
        self.made_of = await self._inputs()
        overrides = {"SITEURL": self.preview.address, "MILEPOST_PREVIEW": True}
        build = Build(self.settings, self.folder, overrides)
        try:
            said, resident = await asyncio.to_thread(build.start)
        except (BuildError, OSError) as fault:
            self._fail(fault)
        else:
            self.say(said)
            self.resident, before = resident, self.resident
            if before:
                await asyncio.to_thread(before.close)
            self.changes.rebuilt()
            self._later = asyncio.create_task(asyncio.to_thread(self._afterwards))

    async def refresh(self, changed: set[Path]) -> None:
        """Show the page of a source that was saved, at once; all else that depends on it comes with the next build."""
        resident, content = self.resident, self.settings.site.content
        for path in changed:
            if resident is None or path.suffix not in SUFFIXES or content not in path.parents:
                continue
            if await asyncio.to_thread(resident.refresh, path):
                self.changes.rebuilt()

    def close(self) -> None:
        """Let the last build's process end."""
        if self.resident:
            self.resident.close()

    def _afterwards(self) -> None:
        """What a slice has to do with a built site that nobody need wait for."""
        for _, part in slices.parts("afterwards", self.settings.enabled):
            try:
                part.run(self.folder, self.settings)
            except MilepostError as fault:
                self.say(str(fault))

    async def keep_fresh(self, services: _Services) -> None:
        """Rebuild after every change, for ever; new settings may name other folders to look at."""
        while True:
            async with Looks(folders(self.settings), self.settings.site.file.parent, self.refresh) as looks:
                while not await self._looked(services):
                    await looks.next()

    async def _looked(self, services: _Services) -> bool:
        """Whether the settings are others than before the look."""
        now = await self._inputs()
        names = changed(self.made_of, now)
        if not names:
            return False
        self.say(f"changed: {named(names)}")
        settings_changed = any(Path(name).parent == self.settings.site.file.parent for name in names)
        if settings_changed:
            try:
                self.settings = await asyncio.to_thread(self.preview.settings)
                await self.serve_by(services)
            except MilepostError as fault:
                self.made_of = now
                self._fail(fault)
                return False
        await self.rebuild()
        return settings_changed

    async def _inputs(self) -> dict[str, Stamp]:
        return await asyncio.to_thread(inputs, self.settings, [self.folder])

    def _fail(self, fault: Exception) -> None:
        self.say(str(fault))
        self.changes.failed(str(fault))

    async def keep_reported(self) -> None:
        """Make the report anew when events came in since it was made; in a process of its own, at leisure."""
        inbox, seen = self.settings.env.var / "inbox", 0.0
        while True:
            newest = max((path.stat().st_mtime for path in inbox.glob("*") if path.exists()), default=0.0)
            # What comes in while a report is made is newer than what was seen before.
            if newest != seen and time.time() - newest >= REPORT_SECONDS:
                seen = newest
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "milepost.cli", "journeys", "report", "-s", str(self.settings.site.file),
                    stdout=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
                await process.wait()
            await asyncio.sleep(LOOK_SECONDS)


class _Services:
    """The app of the settings as they are. Another one takes its place at once, and no request is refused meanwhile."""

    def __init__(self) -> None:
        self._app: Starlette | None = None
        self._running = contextlib.AsyncExitStack()
        self._ready = asyncio.Event()

    async def become(self, app: Starlette) -> None:
        """End what ran, since two cannot write to one state, and start `app`."""
        self._ready.clear()
        try:
            await self._running.aclose()
            await self._running.enter_async_context(app.router.lifespan_context(app))
            self._app = app
        finally:
            self._ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._ready.wait()
        if self._app:
            await self._app(scope, receive, send)

    async def __aenter__(self) -> _Services:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()


class _Server(uvicorn.Server):
    """Closes the pages' open streams before it waits for connections to end."""

    def __init__(self, config: uvicorn.Config, changes: Changes) -> None:
        super().__init__(config)
        self.changes = changes

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.changes.close()
        super().handle_exit(sig, frame)


def _forget_settings(folder: Path) -> None:
    """Let every module of `folder` be read anew: publishconf.py imports pelicanconf.py, and Python would not again.

    It would also take a compiled file for current that is of the same second and the same size.
    """
    for file in folder.glob("*.py"):
        Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
    for name, module in list(sys.modules.items()):
        file_name = getattr(module, "__file__", None)
        if file_name and name != "__main__" and Path(file_name).parent == folder:
            del sys.modules[name]


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
