"""Places as a person would name them: touchpoints by their titles, and what stands for none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from milepost.journeys.answers import Row
from milepost.journeys.report_tables import surface_of

NOTES = {
    "(left)": "left the site",
    "(none)": "no touchpoint that was seen",
    "(earlier)": "… earlier",
    "(not placed)": "has no place",
    "(other)": "other pages",
}


class Place(NamedTuple):
    """A touchpoint by its title, or what stands for none: then `kind` is `goal` or `note`."""

    text: str
    url: str = ""
    surface: str = ""
    kind: str = "page"


def place(name: str, touchpoints: Mapping[str, Mapping[str, Any]]) -> Place:
    """How `name`, a touchpoint's id or words in brackets, is shown."""
    if name in NOTES:
        return Place(NOTES[name], kind="note")
    if name.startswith("("):
        return Place(name.strip("()"), kind="goal")
    touchpoint = touchpoints.get(name, {})
    return Place(str(touchpoint.get("title") or name), url_of(touchpoint), surface_of(name, touchpoints))


def url_of(touchpoint: Mapping[str, Any]) -> str:
    """Its address, if it is one of a page: anything else, such as javascript:, is none."""
    url = str(touchpoint.get("url") or "")
    return url if url.startswith(("https://", "http://")) else ""


def titled(obstacle: Row, touchpoints: Mapping[str, Mapping[str, Any]]) -> Row:
    """An obstacle with `title`, a sentence for people, and its remedy with pages by their titles.

    Args:
        obstacle: a row of the measure `obstacles`.
    """
    told = {name: place(name, touchpoints).text for name in (obstacle["touchpoint"], obstacle["what"])}
    at, other = told.values() if len(told) == 2 else (*told.values(), "")
    remedy = str(obstacle["remedy"])
    for name in set(told) & set(touchpoints):
        remedy = remedy.replace(name, f"“{told[name]}”")
    return {**obstacle, "title": _sentence(obstacle, at, other), "remedy": remedy}


def _sentence(obstacle: Row, at: str, other: str) -> str:
    what = obstacle["what"]
    return {
        "not-found": f"There is no page at {what}",
        "search": f"Searches for “{what}” find nothing",
        "form": f"The form “{what}” on “{at}” is begun and not sent",
        "dead-end": f"“{at}” is where visits end",
        "back-and-forth": f"Readers go back and forth between “{at}” and “{other}”",
        "unhelpful": f"“{at}” does not help",
        "slow": f"“{at}” is slow",
    }.get(obstacle["obstacle"], f"{obstacle['obstacle']}: {at}")
