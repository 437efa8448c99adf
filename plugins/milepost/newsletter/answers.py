"""The headers that every answer of the newsletter has, and a page in the site's theme as an answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import HTMLResponse, Response

from milepost.newsletter.pages import Page

HEADERS = {
    "Cache-Control": "no-store",
    # What a meta element cannot hold: nobody frames the button. The theme's own policy governs the rest.
    "Content-Security-Policy": "frame-ancestors 'none'",
    # The address has a token in it; but with `no-referrer` browsers would post `Origin: null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

Answer = Callable[[Page, int], Response]


def answer_with(shell: Callable[[str, str], str]) -> Answer:
    """`answer(page, status)`: a response whose page is filled into `shell`."""

    def answer(page: Page, status: int) -> Response:
        return HTMLResponse(shell(page.title, page.html), status, HEADERS)

    return answer
