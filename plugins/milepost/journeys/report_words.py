"""What the report's words mean: every number on it has its definition here, shown on hover, on focus, and in a list.

Also how numbers are put into words. Knows no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Word(NamedTuple):
    """A word as it stands above a column, and what it means."""

    label: str
    meaning: str


WORDS: Mapping[str, Word] = {
    "views": Word("Views", "Pages that were opened, by every reader, those who are only counted too."),
    "visits": Word("Visits", "Views with no gap over 30 minutes, by readers from visited up."),
    "people": Word("People", "Different readers who said yes: consented or known."),
    "engaged": Word("Engaged", "Minutes and seconds with the page in front, per view, of every reader."),
    "conversions": Word(
        "Conversions",
        "How often a goal was reached, by every reader: a signup, an order, or another.",
    ),
    "linked": Word("Linked", "Conversions of readers who said yes, so that they can be seen at the end of a journey."),
    "target": Word("Target", "What the plan wants to be reached by its date."),
    "actual": Word("So far", "Conversions to the objective’s measure since its first day, by every reader."),
    "pace": Word("Pace", "So far, over what an even pace from the first day to the last would have brought by now."),
    "needed": Word("Needed a day", "What is missing to the target, over the days that are left."),
    "projected": Word(
        "Leads to",
        "What will be reached on the last day if conversions go on at their mean a day so far; with the interval that"
        " holds 95 % of what chance could make of that.",
    ),
    "served": Word("What served it", "Credit by the linear model at pages that the plan places under the objective."),
    "idle": Word("What did not", "Pages that the plan places under the objective and that no path to its measure met."),
    "failed": Word("Failed", "How often it went wrong, of how often readers tried."),
    "downstream": Word(
        "Downstream",
        "Conversions, to any goal, of people who had met the obstacle before: so many had to get past it.",
    ),
    "met": Word("Met by", "Different people who met it, of those who said yes."),
    "map": Word(
        "Journey map",
        "People who said yes, by where each of their visits began. A ribbon is as wide as the people who went from "
        "one place to the next; a journey ends at its first conversion to the goal, or where nothing more was heard.",
    ),
    "share": Word("Share", "Of all there are in the table, from 0 to 100 %."),
    "times": Word("Times", "How often it happened."),
    "first": Word("First", "All credit to the first touch of the path."),
    "last": Word("Last", "All credit to the last touch of the path."),
    "linear": Word("Linear", "The same credit to each touch of the path."),
    "position": Word("Position", "40 % to the first touch, 40 % to the last, the rest shared by those between."),
    "time-decay": Word("Time decay", "Credit by age: half as much for every 7 days before the last touch."),
    "markov": Word(
        "Markov",
        "By how many conversions would be lost without the place, computed exactly over all paths.",
    ),
    "shapley": Word("Shapley", "Each different place of the path the same: its fair share by Shapley’s definition."),
    "interval": Word(
        "Interval",
        "The thin line: 95 % of what chance could have made of the figure, by leaving out one of 64 groups of people "
        "after another.",
    ),
    "disputed": Word(
        "≠",
        "The models disagree: one of them surely puts this place above another one, and a second surely below it. Ask"
        " why before you act on its rank.",
    ),
    "rank": Word("Rank", "The place’s highest and lowest rank among the seven models."),
    "value": Word("Value", "Of the conversions, credited likewise: the least and the most of the seven models."),
    "path": Word(
        "Path",
        "What one person met before a conversion, since the one before it if there was one, within the lookback, "
        "across any silence. Repeated views of a page within a visit are one.",
    ),
    "paths": Word("Paths", "Paths to the goal, those that have not led there yet too."),
    "converted": Word("Converted", "Paths that ended at the goal."),
    "rate": Word(
        "Rate",
        "The paths that ended at the goal, of these paths. It says what went together, not what caused what.",
    ),
    "before": Word("Before", "Conversions with a touch there on their path."),
    "opened": Word("Began it", "Conversions whose first touch was there."),
    "closed": Word("Ended it", "Conversions whose last touch was there."),
    "after": Word("After", "Conversions whose reader had a touch there in the 30 days after."),
    "silence": Word(
        "Silence",
        "30 days or more in which nothing was heard of a person who then came back; in whole months of 30 days.",
    ),
    "back-by": Word("Came back by", "Where the first touch after the silence was."),
    "won-later": Word("Converted later", "Silences after which the person converted, to any goal, at some time."),
    "return": Word("Returns", "People who came back after a silence, on the day on which they did."),
    "middle": Word("Half", "Half of the paths that converted took no more than this; the mark in the bar."),
    "range": Word(
        "From 10 to 90 %",
        "The thin line leaves out the lowest and the highest tenth, the box the quarters.",
    ),
    "mean": Word("Mean", "The sum over all paths that converted, divided by their number."),
    "cohort": Word(
        "Cohort",
        "People by the month of their first touch and by where it was; how many there are, and how many of them have "
        "reached the goal since.",
    ),
    "next": Word(
        "Next",
        "What readers met next in the same visit, from visited up; the shares of a page add up to 100 %.",
    ),
    "tier": Word(
        "Tier",
        "Counted: asked for nothing to be linked (GPC, DNT, or a no). Visited: gave no answer. Consented: said yes. "
        "Known: said yes, and subscribed or ordered.",
    ),
    "events": Word("Events", "Everything that was recorded, views and all else."),
    "feeds": Word("Feeds", "What events of the tier may be used for."),
    "blocked": Word(
        "Blocked",
        "Of the signups that the server recorded, those after which the page that confirms them sent no view within a"
        " minute: the script was blocked there, or JavaScript is off.",
    ),
}  # fmt: skip
MODELS = ("first", "last", "linear", "position", "time-decay", "markov", "shapley")


def percent(share: float) -> str:
    """`12 %`; never `0 %` of something."""
    if 0 < share < 0.005:
        return "< 1 %"
    return f"{share * 100:.0f} %"


def duration(seconds: float) -> str:
    """In the largest unit that leaves 2 or more: `under 2 minutes`, `90 minutes`, `12 days`."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}s"
    return "under 2 minutes"


def clock(seconds: float) -> str:
    """`1:05`."""
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"


def many(count: int, thing: str, things: str = "") -> str:
    """`1 visit`, `2,000 visits`."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def figure(number: float) -> str:
    """Three digits or so: `0.4`, `12`, `1,204`."""
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"
