"""What a detector is: a table of tries, how many of them must have failed, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

from milepost.journeys.measures.conversions import CONVERSIONS
from milepost.journeys.measures.paths import TOUCHES
from milepost.journeys.measures.tiers import readers
from milepost.journeys.measures.visits import visits

COLUMNS = ("touchpoint", "what", "example", "failed", "reader", "person", "at")
"""Of the tries that a detector yields, one row each: where; what was tried there, in words that equal tries share; an
example to look at, or null; whether it failed; by whom (null where nobody may be known); when."""


@dataclass(frozen=True)
class Threshold:
    """When failures are an obstacle: at least `least` of them, and surely more than `share` (0 to 1) of all tries.

    Surely: the lower bound of Wilson's interval, at 95 % on one side, is above it.
    """

    least: int
    share: float


@dataclass(frozen=True)
class Detector:
    """One kind of obstacle.

    tries: from (events, places) to a table with COLUMNS. Where `of_visits`, the events are those of `in_visits`, which
        are numbered once for all such detectors.
    definition and remedy: sentences for whoever reads the report; a remedy may name {touchpoint} and {what}.
    """

    name: str
    tries: Callable[[ir.Table, ir.Table], ir.Table]
    threshold: Threshold
    definition: str
    remedy: str
    of_visits: bool = False


def in_visits(events: ir.Table) -> ir.Table:
    """What a detector of visits reads: touches, conversions and forms of readers from visited up.

    Args:
        events: one row an event of a reader, as `events.opened` has them.
    Returns:
        the same rows of those types, with `reader` and the number of their `visit`.
    """
    numbered = visits(readers(events))
    wanted = numbered.type.isin((*TOUCHES, *CONVERSIONS, "form"))
    columns = (
        "id", "at", "type", "touchpoint", "goal", "value", "currency", "form", "form_step", "reader", "person", "visit",
    )  # fmt: skip
    return numbered.filter(wanted).select(*columns)
