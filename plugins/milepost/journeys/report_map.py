"""The journey map's views: by surface, with one surface unfolded into its pages, by topic, by page.

One table has the flows between pages; whatever is folded is added up from it, so that every view has the same people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from markupsafe import Markup

from milepost.journeys.answers import Row
from milepost.journeys.pictures.sankey import Flow, Node, sankey
from milepost.journeys.report_model import Report
from milepost.journeys.report_tables import OTHERS, PAGE, TOPIC, Goal, surface_of

COLOURS = 6
HEADS = {1: "First visit", 2: "Second visit", 3: "Third visit", 4: "Fourth visit", 5: ""}
ENDS = {
    "(left)": Node("not back so far", "gone", rank=2),
    "(later)": Node("more visits", "later", rank=1),
    "(not placed)": Node("has no place", "later"),
    "(none)": Node("no page that was seen", "later"),
}


class View(NamedTuple):
    """One way to look at the map. `slug` is what it is linked to by; `flows` is the table behind it."""

    slug: str
    title: str
    picture: Markup
    flows: list[Flow]
    name: Callable[[str], str]


def views(report: Report, goal: Goal) -> list[View]:
    """Every view there is something in, the folded one first."""
    flows = flows_of(report.rows(f"map-to-{goal.slug}-by-{PAGE}"), PAGE)
    if not flows:
        return []
    told = _Told(report, goal)
    begun = {told.surface(flow.place) for flow in flows} | {told.surface(flow.to) for flow in flows}
    surfaces = [surface for surface in report.surfaces if surface in begun]
    found = [told.view("surface", "By surface", fold(flows, told.surface))]
    for number, surface in enumerate(surfaces, 1):
        unfolded = fold(flows, partial(told.unfolded, surface))
        found.append(told.view(f"of-{number}", f"{surface.capitalize()} unfolded", unfolded))
    topics = flows_of(report.rows(f"map-to-{goal.slug}-by-{TOPIC}"), TOPIC)
    if any(not flow.place.startswith("(") for flow in topics):
        found.append(told.view("topic", "By topic", topics))
    found.append(told.view("page", "By page", flows))
    return found


def flows_of(rows: Iterable[Row], by: str) -> list[Flow]:
    """The rows of the measure `journey_map`."""
    return [Flow(row["visit"], row[by], row["next"], row["people"]) for row in rows]


def fold(flows: Iterable[Flow], place: Callable[[str], str]) -> list[Flow]:
    """The same people, between the places that `place` makes of those of `flows`."""
    people: dict[tuple[int, str, str], int] = {}
    for flow in flows:
        key = flow.column, place(flow.place), place(flow.to)
        people[key] = people.get(key, 0) + flow.people
    return [Flow(*key, count) for key, count in sorted(people.items(), key=lambda it: (it[0][0], -it[1], it[0]))]


class _Told:
    """How the places of one goal's maps are named and coloured."""

    def __init__(self, report: Report, goal: Goal) -> None:
        self._report, self._goal = report, goal
        self._numbers = {surface: number for number, surface in enumerate(report.surfaces, 1)}
        self._others = {OTHERS.format(surface=surface): surface for surface in report.surfaces}
        self._topics: dict[str, int] = {}

    def surface(self, name: str) -> str:
        """The surface of a page; what stands for none stays as it is."""
        if name in self._others:
            return self._others[name]
        return name if name.startswith("(") else surface_of(name, self._report.touchpoints)

    def unfolded(self, surface: str, name: str) -> str:
        """A page of `surface` as it is, and the surface of any other."""
        return name if self.surface(name) == surface else self.surface(name)

    def view(self, slug: str, title: str, flows: list[Flow]) -> View:
        node = self._topic if slug == "topic" else lambda name: self._node(name, slug)
        label = f"Journeys to {self._goal.name}, visit after visit: {title.lower()}. The table below has its numbers."
        return View(slug, title, sankey(flows, node, HEADS, label), flows, lambda name: node(name).words)

    def _end(self, name: str) -> Node | None:
        if name == f"({self._goal.name})":
            return Node(self._goal.name, "goal", rank=-1)
        return ENDS.get(name)

    def _node(self, name: str, slug: str) -> Node:
        if end := self._end(name):
            return end
        if name in self._numbers:
            number = self._numbers[name]
            return Node(name, colour(number), f"#map-{self._goal.slug}-of-{number}" if slug == "surface" else "#map-"
                        f"{self._goal.slug}-surface")  # fmt: skip
        surface = self.surface(name)
        words = f"other pages of {surface}" if name in self._others else self._report.place(name).text
        return Node(words, colour(self._numbers.get(surface, COLOURS)))

    def _topic(self, name: str) -> Node:
        number = self._topics.setdefault(name, len(self._topics) + 1)
        return self._end(name) or Node(name, colour(number))


def colour(number: int) -> str:
    """The class of the colour of the surface or topic of that rank."""
    return f"colour-{min(number, COLOURS)}"
