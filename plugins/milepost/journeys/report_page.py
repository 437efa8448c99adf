"""The report's one page: tables become sentences, chains and bars, and those become HTML.

All numbers come from `measures/`; here they are only put into words. Knows no engine, and takes every title,
id and goal for hostile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from milepost.journeys.answers import Answer, Row

STYLESHEET = Path(__file__).parent / "static" / "report.css"
CHAINS_SHOWN = 10
PLACES_SHOWN = 6
NEXT_SHOWN = 4
PAGES_SHOWN = 20

USED = {
    ("both", "blog"): "Both, the blog first",
    ("both", "docs"): "Both, the docs first",
    ("blog", "blog"): "The blog, no docs",
    ("docs", "docs"): "The docs, no blog",
    ("neither", "none"): "Neither",
}
FEEDS = {
    "counted": "totals: nothing of them is linked",
    "visited": "totals, visits and what came next, for a day at most",
    "consented": "all of that, people, and journeys across visits",
    "known": "the same, across devices",
}


@dataclass(frozen=True)
class Report:
    """What one report says: where, when, from what, and every table by the name of its file."""

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
    tables: Mapping[str, Answer]

    def rows(self, name: str) -> list[Row]:
        return self.tables[name].rows


class Place(NamedTuple):
    """A touchpoint as a person would name it, or what stands for none: then `kind` is `goal` or `note`."""

    text: str
    url: str = ""
    surface: str = ""
    kind: str = "page"


class Journey(NamedTuple):
    """Paths that were equal."""

    chain: list[Place]
    conversions: int
    share: float
    note: str


class After(NamedTuple):
    """What came next, once: how often, of all steps at the place."""

    place: Place
    times: int
    share: float


class Crossing(NamedTuple):
    """One place and everything that came next; the shares add up to 1."""

    place: Place
    times: int
    after: list[After]


def page(report: Report) -> str:
    """The whole HTML document."""
    return str(_environment.get_template("journeys/report.html").render(**_context(report)))


def page_without_report(site_name: str, lang: str) -> str:
    """The same page for when no report was built yet: it says what to do."""
    return str(_environment.get_template("journeys/no_report.html").render(site_name=site_name, lang=lang))


def _context(report: Report) -> dict[str, Any]:
    (total,) = report.rows("totals")
    tiers = {row["tier"]: row for row in report.rows("tiers")}
    signups = next((row for row in report.rows("conversions") if row["goal"] == "signup"), None)
    journeys, other = _journeys(report)
    linkable = sum(tiers[name]["views"] for name in ("visited", "consented", "known"))
    return {
        "report": report,
        "total": total,
        "signups": signups or {"conversions": 0, "linked": 0, "people": 0},
        "linkable_views": linkable,
        "linked_views": linkable - tiers["visited"]["views"],
        "journeys": journeys,
        "other_journeys": other,
        "crossings": _crossings(report),
        "used": [{**row, "name": USED[row["used"], row["first"]]} for row in report.rows("docs-and-blog")],
        "both": sum(row["conversions"] for row in report.rows("docs-and-blog") if row["used"] == "both"),
        "followed": sum(row["conversions"] for row in report.rows("docs-and-blog")),
        "surfaces": report.rows("reach-by-surface"),
        "pages": [
            {**row, "place": _place(report, row["touchpoint"])}
            for row in report.rows("reach-by-touchpoint")[:PAGES_SHOWN]
        ],
        "pages_in_all": len(report.rows("reach-by-touchpoint")),
        "tiers": [{**row, "feeds": FEEDS[row["tier"]]} for row in tiers.values()],
        "tier_segments": _segments(tiers.values()),
    }


def _journeys(report: Report) -> tuple[list[Journey], Journey | None]:
    """The most frequent chains, and what all others come to."""
    told = [
        Journey(
            [_place(report, name) for name in row["path"]],
            row["conversions"],
            row["share"],
            _note(row),
        )
        for row in report.rows("paths-to-signup")
    ]
    rest = told[CHAINS_SHOWN:]
    if not rest:
        return told, None
    conversions = sum(journey.conversions for journey in rest)
    others = Journey([], conversions, sum(journey.share for journey in rest), _many(len(rest), "other path"))
    return told[:CHAINS_SHOWN], others


def _note(row: Row) -> str:
    """Who, and how long it took: `2 people, 1.5 visits, 12 days on average`."""
    many = _many(row["people"], "person", "people")
    if row["path"] == ["(none)"]:
        return many
    visits = f"{row['visits']:.1f}".removesuffix(".0")
    average = " on average" if row["conversions"] > 1 else ""
    took = f"{visits} {'visit' if visits == '1' else 'visits'}, {_duration(row['days'] * 86_400)}"
    return f"{many}, {took}{average}"


def _crossings(report: Report) -> list[Crossing]:
    """What came next at the most frequent places: the first few by name, others and the end in one each."""
    by_place: dict[str, list[Row]] = {}
    for row in report.rows("next-within-a-visit"):
        by_place.setdefault(row["touchpoint"], []).append(row)
    # A goal is no page: what came after it is told last.
    first = sorted(by_place, key=lambda name: name.startswith("("))[:PLACES_SHOWN]
    return [_crossing(report, name, by_place[name]) for name in first]


def _crossing(report: Report, name: str, found: list[Row]) -> Crossing:
    onward = [row for row in found if row["next"] != "(left)"]
    after = [After(_place(report, row["next"]), row["times"], row["share"]) for row in onward[:NEXT_SHOWN]]
    if rest := onward[NEXT_SHOWN:]:
        others = Place(_many(len(rest), "other page"), kind="note")
        after.append(After(others, sum(row["times"] for row in rest), sum(row["share"] for row in rest)))
    after += [After(_place(report, row["next"]), row["times"], row["share"]) for row in found if row not in onward]
    return Crossing(_place(report, name), sum(row["times"] for row in found), after)


def _place(report: Report, name: str) -> Place:
    notes = {"(left)": "left the site", "(none)": "no touchpoint that was seen", "(earlier)": "… earlier"}
    if name in notes:
        return Place(notes[name], kind="note")
    if name.startswith("("):
        return Place(name.strip("()"), kind="goal")
    touchpoint = report.touchpoints.get(name, {})
    url = str(touchpoint.get("url") or "")
    surface = str(touchpoint.get("surface") or name.split("/", maxsplit=1)[0])
    # Anything else, such as javascript:, is no address of a page.
    return Place(str(touchpoint.get("title") or name), url if url.startswith(("https://", "http://")) else "", surface)


def _segments(tiers: Iterable[Row]) -> list[dict[str, Any]]:
    """The tiers' shares side by side on a line from 0 to 100."""
    segments, start = [], 0.0
    for row in tiers:
        segments.append({"tier": row["tier"], "start": round(start, 2), "width": round(row["share"] * 100, 2)})
        start += row["share"] * 100
    return segments


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "< 1 %"
    return f"{share * 100:.0f} %"


def _duration(seconds: float) -> str:
    """In the largest unit that leaves 2 or more: `under 2 minutes`, `90 minutes`, `12 days`."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}s"
    return "under 2 minutes"


def _clock(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"


def _many(count: int, thing: str, things: str = "") -> str:
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "percent": _percent,
    "clock": _clock,
    "many": _many,
    "count": lambda number: f"{number:,}",
    "day": lambda at: f"{at.day} {at:%B %Y}",
}
