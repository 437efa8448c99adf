"""Around: the steps that led to a touchpoint or away from it, any number of them, across any silence."""

from __future__ import annotations

from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.paths import LEFT
from milepost.journeys.measures.places import placed

OTHER = "(other)"
CAME = "(came)"


def around(
    steps: ir.Table,
    places: ir.Table,
    anchor: str,
    by: str = "touchpoint",
    way: Literal["after", "before"] = "after",
    length: int = 3,
    most: int = 8,
    within: Literal["visit", "journey"] = "journey",
) -> list[dict[str, Any]]:
    """The ways that readers went from a place, or came to it, as a tree that adds up.

    Args:
        steps: one row a step. Within a journey those of linked readers only.
        places: touchpoint, level, place.
        anchor: a place of level `by`, or a goal in brackets: `(signup)`.
        by: a level at which a touchpoint has one place at most, of `paths.SINGLE`.
        way: the steps after each time at the anchor, or before it.
        length: how many steps, > 0.
        most: so many different next steps are told apart at each branch; the others are OTHER, whose ways on are
            not told apart.
        within: whether a way ends with the visit or goes on across silences.
    Returns:
        one dict a branch, by its way from the anchor: way (places, the anchor not among them, nearest first), times,
        share (of all times at the anchor, 0 to 1). The branches below one add up to it, and those of one step to 1:
        where readers left for good there is LEFT, before the first step CAME, and neither goes on.
    Source: docs/journeys, "paths".

    Example:
        >>> for row in around(trodden("x y signup", "x", "x +100d y"), PLACES, "x", length=2):
        ...     print(row["way"], row["times"])
        ['y'] 2
        ['y', '(left)'] 1
        ['y', '(signup)'] 1
        ['(left)'] 1
    """
    here = placed(steps, places, by)
    here = here.mutate(place=here.goal.notnull().ifelse("(" + here.goal + ")", here.place))
    keys = ["reader", "visit"] if within == "visit" else ["reader"]
    order = ibis.window(group_by=keys, order_by="number")
    end, shift = (LEFT, here.place.lead) if way == "after" else (CAME, here.place.lag)
    names = [f"step_{number}" for number in range(1, length + 1)]
    told = here.mutate(**{name: shift(number).over(order) for number, name in enumerate(names, 1)})
    at = told.filter(told.place == anchor)
    counts = at.group_by(*names).aggregate(times=at.count()).to_pyarrow().to_pylist()
    whole = [([row[name] for name in names if row[name] is not None], row["times"]) for row in counts]
    walked = [(tuple(way if len(way) == length else [*way, end]), times) for way, times in whole]
    total = sum(times for _, times in walked)
    return [{"way": list(way), "times": times, "share": times / total} for way, times in _branches(walked, most)]


def _branches(
    walked: list[tuple[tuple[str, ...], int]], most: int, before: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], int]]:
    """Every branch below `before`, each followed by its own; `walked` are the ways that begin so."""
    depth = len(before)
    below: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for way, times in walked:
        if len(way) > depth:
            below.setdefault(way[depth], []).append((way, times))
    sums = {place: sum(times for _, times in ways) for place, ways in below.items()}
    ranked = sorted(sums, key=lambda place: (-sums[place], place))
    found = []
    for place in ranked[:most]:
        branch = (*before, place)
        found += [(branch, sums[place]), *_branches(below[place], most, branch)]
    if rest := sum(sums[place] for place in ranked[most:]):
        found.append(((*before, OTHER), rest))
    return found
