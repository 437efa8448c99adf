"""What one report says: where, when, of what, and every table by the name of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from milepost.journeys.answers import Answer, Row
from milepost.journeys.report_places import Place, place
from milepost.journeys.report_tables import Goal


@dataclass(frozen=True)
class Report:
    """All that its pages are made of.

    went_on: where readers went next, as the measure `onward` has it.
    counted: what was read of the archive, in a line.
    note: what makes the archive no real one, shown on every page; empty for a real one.
    plan_fault: why no objective could be read; empty where all could.
    """

    site_name: str
    site_url: str
    lang: str
    lookback_days: int
    built: datetime
    zone: str
    first: datetime | None
    last: datetime | None
    events: int
    bots: int
    touchpoints: Mapping[str, Mapping[str, Any]]
    goals: tuple[Goal, ...]
    tables: Mapping[str, Answer]
    went_on: Sequence[Row] = ()
    counted: str = ""
    note: str = ""
    plan_fault: str = ""

    def rows(self, name: str) -> list[Row]:
        return self.tables[name].rows

    def place(self, name: str) -> Place:
        """How a touchpoint, or what stands for none, is shown."""
        return place(name, self.touchpoints)

    @property
    def surfaces(self) -> list[str]:
        """Those that were read, most viewed first: in this order they have their colours."""
        return [row["surface"] for row in self.rows("reach-by-surface")]

    def reached(self, goal: str) -> Row:
        """How often a goal was reached, and how much of it can be seen as journeys."""
        none = {"goal": goal, "conversions": 0, "linked": 0, "people": 0}
        return next((row for row in self.rows("conversions") if row["goal"] == goal), none)

    def by_day(self, goal: str) -> dict[date, int]:
        return {row["day"]: row["conversions"] for row in self.rows("conversions-by-day") if row["goal"] == goal}
