"""What a detector is: a table of tries, how many of them must have failed, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import ibis.expr.types as ir

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

    tries: from (rows, places) to a table with COLUMNS.
    reads: which rows that takes: `events` as `events.opened` has them; `visits`, the same by `visits.numbered`; or
        `steps` of all readers from visited up, by `paths.steps_of_readers`.
    definition and remedy: sentences for whoever reads the report; a remedy may name {touchpoint} and {what}.
    """

    name: str
    tries: Callable[[ir.Table, ir.Table], ir.Table]
    threshold: Threshold
    definition: str
    remedy: str
    reads: Literal["events", "visits", "steps"] = "events"
