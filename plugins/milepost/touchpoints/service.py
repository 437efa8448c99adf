"""`/plan/`: the plan as a tree, for the preview on this machine alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from milepost.errors import MilepostError
from milepost.settings import Settings
from milepost.touchpoints import model, placing, plan, plan_shown

_SCRIPT = re.compile(r"<script\b[^>]*></script>\n?")


def routes(settings: Settings, shell: Callable[[str, str], str]) -> list[BaseRoute]:
    """The page at `/plan/`, as the plan and the sources are at the moment. Without scripts: it is no touchpoint."""

    # Not async: files are read, so Starlette runs it in a thread.
    def answer(_: Request) -> Response:
        try:
            body = _body(settings)
        except (MilepostError, OSError) as error:
            body = Markup("<h1>The plan</h1><p>{}</p>").format(error)
        page = _SCRIPT.sub("", shell("The plan", body))
        return HTMLResponse(page, headers={"Cache-Control": "no-store", "Referrer-Policy": "same-origin"})

    return [Route("/plan/", answer)]


def _body(settings: Settings) -> Markup:
    found, faults = plan.read(settings.site.content / settings.of(model.Settings).plan)
    if faults:
        lines = Markup("").join(Markup("<li>{}</li>").format(fault) for fault in faults)
        return Markup("<h1>The plan</h1><p>It cannot be read as it is:</p><ul>{}</ul>").format(lines)
    return plan_shown.html(placing.of_site(settings, found))
