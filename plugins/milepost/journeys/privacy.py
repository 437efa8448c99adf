"""What the site's page about privacy says of collecting: made of the settings and of the wire's own shapes.

So that what is said is what is done, nothing of it is written by hand: a field that the wire would take and no
sentence here tells of stops the build.
"""

from __future__ import annotations

from html import escape
from typing import get_args

import msgspec

from milepost.journeys import shapes
from milepost.journeys.consent import COOKIE, MAX_AGE_SECONDS
from milepost.journeys.model import BROWSER_TYPES, Settings

HAPPENED = {
    "view": "a page was opened",
    "engage": "a page was in front of you",
    "outbound": "you followed a link to another site",
    "download": "you downloaded a file",
    "search": "you searched this site",
    "not-found": "there was no page at an address",
    "form": "you began a form, or sent it",
    "signup": "you confirmed a subscription",
    "comment": "you opened a discussion",
    "helpful": "you answered “Was this helpful?”",
    "vitals": "a page was measured, where the site asks for it: how fast it was there, answered, and stood still",
    "convert": "you did what a page is for, such as a purchase",
}
SAID = {
    "referrer": "the host name of the page before, never its full address",
    "seconds": "for how many seconds",
    "depth": "how far down you came, in per cent",
    "host": "that site’s host name",
    "name": "its name",
    "query": "what you looked for, without mail addresses and numbers",
    "results": "how many results there were",
    "path": "that address",
    "step": "which of the two",
    "answer": "your answer",
    "comment": "your sentence, if you wrote one",
    "lcp": "milliseconds until its largest part was there",
    "inp": "milliseconds until it answered you",
    "cls": "how much it moved",
    "goal": "what it was",
    "value": "what it was worth",
    "currency": "the currency",
    "order": "a token of the order, of which a keyed hash alone is kept, and only after a yes",
}


def fields_of() -> dict[str, tuple[str, ...]]:
    """The fields of `data` that each type of event may have from a browser, by the wire's shapes."""
    found = {}
    for shape in get_args(shapes.Sent):
        data = next(field for field in msgspec.structs.fields(shape) if field.name == "data")
        found[str(shape.__struct_config__.tag)] = tuple(field.name for field in msgspec.structs.fields(data.type))
    return {name: found[name] for name in BROWSER_TYPES}


def collected(settings: Settings) -> str:
    """HTML of the section: what a page sends, what is kept beside it in each tier, and for how long."""
    rows = "".join(
        f'<tr data-sent="{name}"><th scope="row">{escape(HAPPENED[name])}</th><td>{_told(fields)}</td></tr>'
        for name, fields in fields_of().items()
    )
    tiers = "".join(
        f'<tr data-tier="{name}"><th scope="row">{when}</th><td>{kept}</td></tr>'
        for name, when, kept in _tiers(settings)
    )
    where = ", ".join(f"<code>{escape(origin)}</code>" for origin in settings.origins)
    others = f"<p>The same is taken from pages of {where}.</p>\n" if where else ""
    return (
        '<table><thead><tr><th scope="col">When</th><th scope="col">What is sent besides</th></tr>'
        f"</thead><tbody>{rows}</tbody></table>\n"
        "<p>With each of them goes a random number that tells it from others, the page’s name and the time.</p>\n"
        f'{others}<table><thead><tr><th scope="col">Who you are to us</th>'
        f'<th scope="col">What is kept beside it</th></tr></thead><tbody>{tiers}</tbody></table>\n'
        f'<p data-retention="{settings.retention_months}">Each event is kept for {settings.retention_months} months '
        "after the month in which it happened. Then the file that it is in is removed.</p>\n"
    )


def _told(fields: tuple[str, ...]) -> str:
    return "; ".join(f'<span data-field="{name}">{escape(SAID[name])}</span>' for name in fields) or "nothing"


def _tiers(settings: Settings) -> list[tuple[str, str, str]]:
    days = MAX_AGE_SECONDS // 86_400
    shared = f", shared with <code>{escape(settings.cookie_domain)}</code>" if settings.cookie_domain else ""
    return [
        ("counted", "Your browser says no for you, or you did", "nothing: it is one more in a total"),
        (
            "visited",
            "You have not answered",
            "a key that connects the pages of one day, UTC; it cannot be computed again when the day is over",
        ),
        (
            "consented",
            "You said yes",
            f"the random number in the cookie <code>{COOKIE}</code>, which lasts {days} days{shared}, "
            "and the key of the day",
        ),
        (
            "known",
            "You said yes, and subscribed or ordered",
            "that random number, also with what you bought or asked elsewhere, where it can be told to be yours",
        ),
    ]
