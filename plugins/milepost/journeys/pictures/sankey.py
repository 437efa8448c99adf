"""A Sankey: columns of places, and ribbons as wide as the people who went from one to the next.

The layout is our own: columns are visits, so there is nothing to solve, and one order of places for all columns keeps
ribbons from crossing more than they must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from milepost.journeys.pictures.svg import cut, picture, short, tag

COLUMN = 190.0
"""How far columns are apart; a bar, its words and the ribbons' curves are in it."""
FEWEST = 5
"""A drawing fills its place; with fewer columns than these its words would grow into headlines."""
BAR = 14.0
GAP = 12.0
HEIGHT = 300.0
TOP = 24.0
WORDS = 21


@dataclass(frozen=True)
class Flow:
    """So many people went from `place` at column `column` (1, 2 ...) to `to` in the next one."""

    column: int
    place: str
    to: str
    people: int


@dataclass(frozen=True)
class Node:
    """How a place is shown: its words, the class of its colour, where a click leads, and at which end it stands."""

    words: str
    colour: str
    href: str = ""
    rank: int = 0
    """Lower ones stand above others, whatever their size."""


@dataclass
class _Bar:
    x: float
    y: float = 0.0
    people: int = 0
    height: float = 0.0
    came: float = 0.0
    went: float = 0.0


def sankey(flows: Iterable[Flow], node: Callable[[str], Node], heads: Mapping[int, str], label: str) -> Markup:
    """Draw the flows.

    Args:
        node: how each place is shown.
        heads: the words above columns.
        label: what the picture is called.
    """
    told = [flow for flow in flows if flow.people]
    bars = _bars(told)
    order = _order(told, node)
    scale = _lay_out(bars, order)
    columns = max((column for column, _ in bars), default=1)
    ribbons = [
        _ribbon(flow, bars, scale, node) for flow in sorted(told, key=lambda it: (order[it.place], order[it.to]))
    ]
    heights = [bar.y + bar.height for bar in bars.values()]
    words = [
        tag("text", text, class_="head", x=(column - 1) * COLUMN, y=12.0)
        for column, text in heads.items()
        if column <= columns
    ]
    drawn = [_drawn(place, bar, node(place)) for (_, place), bar in bars.items()]
    width, height = (max(columns, FEWEST) - 1) * COLUMN + 170, max(heights, default=TOP) + 8
    return picture(width, height, label, *words, *ribbons, *drawn, class_="sankey", role="group")


def _bars(flows: list[Flow]) -> dict[tuple[int, str], _Bar]:
    came: dict[tuple[int, str], int] = {}
    went: dict[tuple[int, str], int] = {}
    for flow in flows:
        went[flow.column, flow.place] = went.get((flow.column, flow.place), 0) + flow.people
        came[flow.column + 1, flow.to] = came.get((flow.column + 1, flow.to), 0) + flow.people
    keys = {**came, **went}
    return {key: _Bar(x=(key[0] - 1) * COLUMN, people=max(came.get(key, 0), went.get(key, 0))) for key in sorted(keys)}


def _order(flows: list[Flow], node: Callable[[str], Node]) -> dict[str, int]:
    """Each place's rank, the same in every column: by the rank of its node, then by its people."""
    people: dict[str, int] = {}
    for flow in flows:
        for place in (flow.place, flow.to):
            people[place] = people.get(place, 0) + flow.people
    ranked = sorted(people, key=lambda place: (node(place).rank, -people[place], place))
    return {place: number for number, place in enumerate(ranked)}


def _lay_out(bars: Mapping[tuple[int, str], _Bar], order: Mapping[str, int]) -> float:
    """Give each bar its place; returns the height of one person."""
    most: dict[int, int] = {}
    for (column, _), bar in bars.items():
        most[column] = most.get(column, 0) + bar.people
    scale = HEIGHT / max(most.values(), default=1)
    below = dict.fromkeys(most, TOP)
    for (column, _), bar in sorted(bars.items(), key=lambda item: order[item[0][1]]):
        bar.y, bar.height = below[column], max(bar.people * scale, 1.0)
        # Words need their line even where hardly anybody was.
        below[column] += max(bar.height + GAP, 27.0)
    return scale


def _ribbon(flow: Flow, bars: Mapping[tuple[int, str], _Bar], scale: float, node: Callable[[str], Node]) -> Markup:
    start, end = bars[flow.column, flow.place], bars[flow.column + 1, flow.to]
    wide = flow.people * scale
    y1, y2 = start.y + start.went + wide / 2, end.y + end.came + wide / 2
    start.went, end.came = start.went + wide, end.came + wide
    x1, x2 = start.x + BAR, end.x
    middle = (x1 + x2) / 2
    way = " ".join(["M", short(x1), short(y1), "C", *map(short, (middle, y1, middle, y2, x2, y2))])
    one, other = node(flow.place), node(flow.to)
    said = tag("title", f"{one.words} → {other.words}: {flow.people:,}")
    colour = other.colour if other.rank else one.colour
    return tag("path", said, class_=f"ribbon {colour}", d=way, stroke_width=max(wide, 0.6))


def _drawn(place: str, bar: _Bar, node: Node) -> Markup:
    shape = tag("rect", class_=f"bar-of {node.colour}", x=bar.x, y=bar.y, width=BAR, height=bar.height)
    at = bar.x + BAR + 5
    words = tag("text", cut(node.words, WORDS), class_="label", x=at, y=bar.y + 10)
    count = tag("text", f"{bar.people:,}", class_="of-people", x=at, y=bar.y + 23)
    said = tag("title", f"{node.words}: {bar.people:,}")
    if node.href:
        return tag("a", said, shape, words, count, href=node.href, class_="unfolds")
    return tag("g", said, shape, words, count)
