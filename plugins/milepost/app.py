"""Composes the slices' routes into one ASGI app; hands each the callables that another slice offers.

What a confirmed signup means to the journeys, and who a request belongs to, is wired here, since a
slice never imports a slice.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from milepost import settings as settings_module
from milepost.errors import MilepostError, SettingsError
from milepost.journeys import metrics, post_service, report_service
from milepost.journeys.collector import EVENTS, Collector
from milepost.journeys.keeping import keep_archived
from milepost.later import Later, Part
from milepost.newsletter.shell import shell_of, topics_of
from milepost.settings import Settings

log = logging.getLogger(__name__)

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def create_app(settings: Settings, site: Path, *, preview: bool = False, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The services of one site, for the built pages in `site`.

    Args:
        preview: also the outbox, the plan, and the report without a password. For loopback only.
        more: routes that come last, such as the static site itself.
    """
    collector = None
    if "journeys" in settings.enabled:
        told: dict[str, Any] = {}
        if "newsletter" in settings.enabled:
            told = _told_by_newsletter(settings)
        collector = Collector(settings, site, **told)
    letters: Part | Later | None = None
    if "newsletter" in settings.enabled:
        make = partial(_newsletter, settings, site, collector)
        letters = make() if preview else Later(make)
    routes: list[BaseRoute] = [Route("/healthz", partial(_healthy, (collector, letters))), *_metrics(collector)]
    if collector:
        routes += [*collector.routes(), *(post_service.routes(settings, site) if preview else ())]
        routes += report_service.routes(settings, open_to_all=preview)
    if letters and preview:
        routes += _newsletter_preview(settings, site)
    if letters:
        routes += [Route("/newsletter/{rest:path}", letters)] if isinstance(letters, Later) else letters.routes()

    if preview and "touchpoints" in settings.enabled:
        from milepost.touchpoints import service as touchpoints

        routes += touchpoints.routes(settings, shell_of(site))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            for part in (collector, letters):
                if part:
                    await running.enter_async_context(part)
            if collector and not preview:
                await running.enter_async_context(_running(keep_archived(settings)))
                _collect_less_garbage()
            yield

    return _App(collector, routes=[*routes, *more], lifespan=lifespan)


def preview_scripts(settings: Settings) -> tuple[str, ...]:
    """The addresses of scripts that every page of a preview gets, and no published one."""
    return (post_service.SCRIPT,) if "journeys" in settings.enabled else ()


class _App(Starlette):
    """The events of readers pass by what every other request goes through: there are many, and each is small."""

    def __init__(self, collector: Collector | None, routes: list[BaseRoute], lifespan: Lifespan) -> None:
        super().__init__(routes=routes, lifespan=lifespan)
        self._collector = collector

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._collector and scope.get("path") == EVENTS and scope.get("method") == "POST":
            await self._collector.events(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _collect_less_garbage() -> None:
    """What is there now stays until the end: a request leaves little behind, and looking it all over took an eighth
    of the time of answering."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _told_by_newsletter(settings: Settings) -> dict[str, Any]:
    """What the collector asks of the newsletter, which is imported when it is asked: half a start is spent on it."""

    def addresses() -> list[tuple[str, str]]:
        from milepost.newsletter.people import remembered

        return remembered(settings.env)

    @cache
    def asked() -> Callable[[], frozenset[str]]:
        from milepost.newsletter.sent import touchpoints_in

        return touchpoints_in(settings.env)

    def mails() -> frozenset[str]:
        return asked()()

    return {"addresses": addresses, "mails": mails}


def _newsletter_preview(settings: Settings, site: Path) -> list[BaseRoute]:
    from milepost.newsletter import outbox_service, preview_service

    return [*outbox_service.outbox_routes(settings, shell_of(site)), *preview_service.preview_routes(settings)]


def _newsletter(settings: Settings, site: Path, collector: Collector | None) -> Part:
    """The newsletter; a confirmed signup becomes a journey event where journeys are on."""
    from milepost.newsletter.service import Newsletter

    async def signed_up(touchpoint: str, person: str | None) -> None:
        if not collector:
            return
        try:
            await collector.record("signup", touchpoint, person, {})
        except MilepostError as error:
            # The reader has confirmed, and is subscribed; that it could not be counted is not theirs to see.
            log.error("a confirmed signup was not recorded as an event: %s", error)

    def person_of(request: Request) -> str | None:
        return collector.person_of(request) if collector else None

    return Newsletter(settings, shell_of(site), person_of, signed_up, topics=partial(topics_of, site))


def for_production() -> Starlette:
    """The app of the settings file in MILEPOST_SETTINGS: what each of uvicorn's workers calls."""
    settings = settings_module.load(Path(os.environ.get("MILEPOST_SETTINGS", "pelicanconf.py")))
    return create_app(settings, settings.site.output)


def refuse_unlimited(settings: Settings, host: str) -> None:
    """Limits may be off for a load test on this machine, never for the world."""
    if not settings.env.limits and host not in LOOPBACK:
        raise SettingsError(f"MILEPOST_LIMITS=off is for load tests on loopback; unset it to serve on {host}")


async def _healthy(parts: Sequence[object], _: Request) -> Response:
    for part in parts:
        if fault := getattr(part, "fault", None):
            return PlainTextResponse(f"{fault}\n", 503)
    return PlainTextResponse("ok\n")


def _metrics(collector: Collector | None) -> list[BaseRoute]:
    async def answer(_: Request) -> Response:
        return Response(collector.metrics() if collector else "", media_type=metrics.CONTENT_TYPE)

    return [Route("/metrics", answer)]


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let `work` go on until this is left."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
