"""The report's pages: tables become sentences, pictures and rows, and those become HTML.

All numbers come from `measures/`; here they are only put into words. Knows no engine, and takes every title, id and
goal for hostile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from milepost.journeys.answers import Row
from milepost.journeys.measures.objectives import served
from milepost.journeys.pictures.bars import bar, parts
from milepost.journeys.pictures.burnup import burn_up
from milepost.journeys.pictures.calendar import WEEKS, calendar
from milepost.journeys.report_goal import of_goal
from milepost.journeys.report_map import colour
from milepost.journeys.report_model import Report
from milepost.journeys.report_places import Place, titled
from milepost.journeys.report_words import MODELS, WORDS, clock, duration, figure, many, percent

STYLESHEET = Path(__file__).parent / "static" / "report.css"
OBSTACLES_FIRST = 3
PLACES_SHOWN = 6
NEXT_SHOWN = 4
PAGES_SHOWN = 20
SERVED_SHOWN = 4
SILENCE_MONTHS = 13
STATES = {
    "reached": "Reached",
    "on track": "On track: even the low end of what it leads to is above the target",
    "open": "Open: the target lies within what chance could make of the pace so far",
    "behind": "Behind: even the high end of what it leads to is below the target",
    "missed": "Missed",
    "not begun": "Not begun",
}
FEEDS = {
    "counted": "totals: nothing of them is linked",
    "visited": "totals, visits and what came next, for a day at most; obstacles",
    "consented": "all of that, people, journeys across visits, attribution",
    "known": "the same, across devices, with what happened elsewhere",
}
_HOST = re.compile(r"[a-z0-9.-]{1,253}")


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


def pages(report: Report) -> dict[str, str]:
    """Every page's HTML by the name of its file."""
    first, *others = report.goals
    found = {"index.html": _rendered("report", report, **_overview(report), **of_goal(report, first))}
    if report.events:
        found["obstacles.html"] = _rendered("obstacles", report, obstacles=_obstacles(report))
        found |= {
            f"to-{goal.slug}.html": _rendered("to_goal", report, **of_goal(report, goal), others=()) for goal in others
        }
    return found


def page_without_report(site_name: str, lang: str) -> str:
    """The same page for when no report was built yet: it says what to do."""
    return rendered("no_report.html", site_name=site_name, lang=lang, note="")


def _rendered(template: str, report: Report, **more: Any) -> str:
    shared = {"report": report, "lang": report.lang, "site_name": report.site_name, "note": report.note}
    return rendered(f"{template}.html", **shared, **more)


def rendered(template: str, **values: Any) -> str:
    """One of the slice's own templates, by the name of its file."""
    return str(_environment.get_template(f"journeys/{template}").render(**values))


def _overview(report: Report) -> dict[str, Any]:
    (total,) = report.rows("totals")
    tiers = report.rows("tiers")
    views = {row["tier"]: row["views"] for row in tiers}
    obstacles = _obstacles(report)
    return {
        "others": report.goals[1:],
        "total": total,
        "linkable_views": sum(views[name] for name in ("visited", "consented", "known")),
        "linked_views": views["consented"] + views["known"],
        "objectives": [_objective(report, row) for row in report.rows("objectives")],
        "obstacles": obstacles[:OBSTACLES_FIRST],
        "more_obstacles": len(obstacles) - OBSTACLES_FIRST,
        **_silences(report),
        "crossings": _crossings(report),
        "by_surface": report.rows("reach-by-surface"),
        "pages": [
            {**row, "place": report.place(row["touchpoint"])}
            for row in report.rows("reach-by-touchpoint")[:PAGES_SHOWN]
        ],
        "pages_in_all": len(report.rows("reach-by-touchpoint")),
        "tiers": [{**row, "feeds": FEEDS[row["tier"]]} for row in tiers],
        "tier_parts": parts([(row["tier"], row["share"]) for row in tiers], 1.0),
        "blocked": report.rows("blocked")[0],
    }


def _objective(report: Report, row: Row) -> dict[str, Any]:
    """An objective with its picture, and what served it: where its measure is a goal that journeys are told of."""
    told = report.by_day(row["measure"])
    label = f"{row['title']}: {figure(row['actual'])} of {figure(row['target'])} so far. The numbers are beside it."
    slug = next((goal.slug for goal in report.goals if goal.name == row["measure"]), None)
    credits = report.rows(f"attribution-to-{slug}-by-touchpoint") if slug else []
    mine = [
        name
        for name, touchpoint in report.touchpoints.items()
        # No reader is meant to come by these.
        if touchpoint.get("objective") == row["objective"] and touchpoint.get("kind") not in ("error", "service")
    ]
    parted = served(credits, mine)
    return {
        **row,
        "says": STATES[row["state"]],
        "picture": burn_up(row, told, report.built.date(), label),
        "months": _months(row, told),
        "placed": len(mine),
        "served": [{**one, "place": report.place(one["touchpoint"])} for one in parted["served"][:SERVED_SHOWN]],
        "idle": [report.place(name) for name in parted["idle"][:SERVED_SHOWN]],
        "idle_in_all": len(parted["idle"]),
    }


def _months(objective: Row, reached: Mapping[date, int]) -> list[dict[str, Any]]:
    """What the picture shows, month by month: reached in it, and so far."""
    months: dict[date, int] = {}
    for day, count in sorted(reached.items()):
        if objective["since"] <= day <= objective["by"]:
            months[day.replace(day=1)] = months.get(day.replace(day=1), 0) + count
    sums = accumulate(months.values())
    return [
        {"month": month, "count": count, "so_far": so_far}
        for (month, count), so_far in zip(months.items(), sums, strict=True)
    ]


def _obstacles(report: Report) -> list[dict[str, Any]]:
    return [
        {
            **titled(row, report.touchpoints),
            "place": report.place(row["touchpoint"]),
            "bar": bar(row["share"], 1.0),
            "shown": [_example(report, row, example) for example in row["examples"]],
        }
        for row in report.rows("obstacles")
    ]


def _example(report: Report, row: Row, example: str) -> Place:
    """A page that is looked at with a click; a host that linked; or words."""
    if example in report.touchpoints:
        return report.place(example)
    if row["obstacle"] == "not-found" and _HOST.fullmatch(example):
        return Place(example, f"https://{example}/")
    return Place(example)


def _silences(report: Report) -> dict[str, Any]:
    """Returns day by day, and silences by their months, in parts of what they were ended by."""
    counts = {row["day"]: row["people"] for row in report.rows("returns-by-day")}
    last = report.last.date() if report.last else date.min
    back = sorted({row["back_by"] for row in report.rows("silences")}, key=lambda name: _rank(report, name))
    lines: dict[int, dict[str, int]] = {}
    won: dict[int, int] = {}
    for row in report.rows("silences"):
        months = min(row["months"], SILENCE_MONTHS)
        line = lines.setdefault(months, dict.fromkeys(back, 0))
        line[row["back_by"]] += row["times"]
        won[months] = won.get(months, 0) + row["converted"]
    most = max((sum(line.values()) for line in lines.values()), default=0)
    colours = {name: colour(report.surfaces.index(name) + 1) if name in report.surfaces else "later" for name in back}
    return {
        "calendar": calendar(counts, last, "People who came back after 30 days or more, day by day.") if counts else "",
        "days": [
            (day, people) for day, people in sorted(counts.items(), reverse=True) if last - day < timedelta(weeks=WEEKS)
        ],
        "returns": sum(row["times"] for row in report.rows("returns-by-day")),
        "back_by": [(report.place(name).text if name.startswith("(") else name, colours[name]) for name in back],
        "silences": [
            {
                "months": f"{months} or more" if months == SILENCE_MONTHS else months,
                "counts": list(line.values()),
                "times": sum(line.values()),
                "converted": won[months],
                "bar": parts([(colours[name], count) for name, count in line.items()], most),
            }
            for months, line in sorted(lines.items())
        ],
    }


def _rank(report: Report, surface: str) -> tuple[int, str]:
    return (report.surfaces.index(surface) if surface in report.surfaces else len(report.surfaces), surface)


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
    after = [After(report.place(row["next"]), row["times"], row["share"]) for row in onward[:NEXT_SHOWN]]
    if rest := onward[NEXT_SHOWN:]:
        others = Place(many(len(rest), "other page"), kind="note")
        after.append(After(others, sum(row["times"] for row in rest), sum(row["share"] for row in rest)))
    after += [After(report.place(row["next"]), row["times"], row["share"]) for row in found if row not in onward]
    return Crossing(report.place(name), sum(row["times"] for row in found), after)


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "percent": percent,
    "clock": clock,
    "many": many,
    "figure": figure,
    "duration": duration,
    "count": lambda number: f"{number:,}",
    "day": lambda at: f"{at.day} {at:%B %Y}",
    "month": lambda at: f"{at:%B %Y}",
}
_environment.globals |= {"words": WORDS, "models": MODELS, "bar_of": lambda share: bar(share, 1.0)}
