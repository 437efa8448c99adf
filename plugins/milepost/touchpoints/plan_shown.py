"""The plan and what it places, shown: as text, as JSON, and as a tree on a page. Knows no file and no HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from markupsafe import Markup

from milepost.touchpoints.model import LEVELS, Placement
from milepost.touchpoints.placing import Placed
from milepost.touchpoints.plan import Objective

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)")
NO_PLAN = "There is no plan: write content/plan.toml, with an objective that has a measure, a target and a date."


def text(placed: Placed) -> str:
    """The plan as an indented table: what each part is called, how many pages serve it, and which serve none."""
    if not placed.plan.objectives:
        return f"{NO_PLAN}\n{len(placed.pages)} pages have no place."
    rows = [
        (f"{'  ' * (_depth(place) - 1)}{part.slug}", placed.number(place), part.title)
        for place, part in placed.plan.places()
    ]
    width = max(len(name) for name, _, _ in rows)
    lines = [f"{'PLACE':{width}}  PAGES  TITLE"]
    lines += [f"{name:{width}}  {number:5}  {title}" for name, number, title in rows]
    for objective in placed.plan.objectives:
        lacks = placed.lacks(objective)
        lines += ["", f"{objective.slug}: {_goal(objective)}; {'complete' if not lacks else '; '.join(lacks)}"]
    lines += ["", f"{len(placed.nowhere)} of {len(placed.pages)} pages have no place"]
    return "\n".join([*lines, *(f"  {name}" for name in placed.nowhere)])


def as_json(placed: Placed) -> str:
    """`{"objectives": [{"slug", "title", "lacks"}], "pages": [{"page", "objective", …, "tactic"}]}`."""
    objectives = [
        {"slug": objective.slug, "title": objective.title, "lacks": placed.lacks(objective)}
        for objective in placed.plan.objectives
    ]
    pages = [{"page": page.name, **dict(zip(LEVELS, page.placement, strict=True))} for page in placed.pages]
    return json.dumps({"objectives": objectives, "pages": pages}, ensure_ascii=False, indent=1)


def html(placed: Placed) -> Markup:
    """All of `<main>`: the tree of each objective down to its pages, then the pages that have no place."""
    if not placed.plan.objectives:
        return Markup("<h1>The plan</h1><p>{}</p>").format(NO_PLAN)
    parts = [Markup("<h1>The plan</h1><p>What each page is for. It is shown here, and nowhere else.</p>")]
    for objective in placed.plan.objectives:
        lacks = placed.lacks(objective)
        parts.append(
            Markup("<h2>{}</h2><p>{}; {}.</p>").format(
                objective.title, _dated(_goal(objective)), "complete" if not lacks else "; ".join(lacks)
            )
        )
        parts.append(_branch(placed, Placement(objective.slug)))
    if placed.nowhere:
        parts.append(Markup("<h2>Without a place</h2>{}").format(_names(placed.nowhere)))
    return Markup("\n").join(parts)


def _branch(placed: Placed, above: Placement) -> Markup:
    """What is one level below a place, and the pages that serve the place itself."""
    items = [
        Markup("<li>{} <small>{},&nbsp;{}</small>{}</li>").format(
            part.title, LEVELS[_depth(place) - 1], _pages(placed.number(place)), _branch(placed, place)
        )
        for place, part in placed.plan.places()
        if _depth(place) == _depth(above) + 1 and place[: _depth(above)] == above[: _depth(above)]
    ]
    items += _items(placed.at.get(above, []))
    return Markup("<ul>{}</ul>").format(Markup("").join(items)) if items else Markup("")


def _names(names: list[str]) -> Markup:
    return Markup("<ul>{}</ul>").format(Markup("").join(_items(names)))


def _items(names: list[str]) -> Iterator[Markup]:
    # A long path breaks between its parts before it breaks within one.
    yield from (Markup("<li><code>{}</code></li>").format(Markup("/<wbr>").join(name.split("/"))) for name in names)


def _pages(number: int) -> str:
    return "1\u00a0page" if number == 1 else f"{number}\u00a0pages"


def _goal(objective: Objective) -> str:
    since = f" from {objective.since}" if objective.since else ""
    return f"{objective.target:g} × {objective.measure}{since} by {objective.by}"


def _dated(text: str) -> Markup:
    """With each day as what it is, which no line breaks."""
    parts = enumerate(_DAY.split(text))
    return Markup("").join(Markup("<time>{}</time>").format(part) if number % 2 else part for number, part in parts)


def _depth(place: Placement) -> int:
    return sum(slug is not None for slug in place)
