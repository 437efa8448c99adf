"""What is said of the journeys to one goal: its tables, put into rows for the template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from milepost.journeys.answers import Row
from milepost.journeys.measures.events import LEVELS
from milepost.journeys.pictures.bars import bar, quantiles
from milepost.journeys.pictures.calendar import shade_of
from milepost.journeys.report_map import views
from milepost.journeys.report_model import Report
from milepost.journeys.report_places import Place
from milepost.journeys.report_tables import Goal
from milepost.journeys.report_words import MODELS, duration, figure, many

CHAINS_SHOWN = 10
CREDITED_SHOWN = 12
MONTHS_SHOWN = 13
LEVELS_TOLD = ("surface", "touchpoint", *LEVELS[2:])
NEWSLETTER = "newsletter"
USED = {
    ("both", "blog"): "Both, the blog first",
    ("both", "docs"): "Both, the docs first",
    ("blog", "blog"): "The blog, no docs",
    ("docs", "docs"): "The docs, no blog",
    ("neither", "none"): "Neither",
}
LENGTHS = {
    "days": "From the first touch to the conversion",
    "visits": "Visits",
    "touches": "Touches",
    "surfaces": "Different surfaces",
    "silence_days": "The longest silence",
}


class Journey(NamedTuple):
    """Paths that were equal."""

    chain: list[Place]
    conversions: int
    share: float
    note: str


class Credited(NamedTuple):
    """A place and what each model credits it with; `cells` in the order of MODELS."""

    place: Place
    cells: list[dict[str, Any]]
    ranks: str
    disputed: bool
    value: str


class Level(NamedTuple):
    """Attribution by one level; `file` is its table's name, `in_all` how many places that has."""

    name: str
    file: str
    places: list[Credited]
    in_all: int
    disputed: int
    valued: bool


def of_goal(report: Report, goal: Goal) -> dict[str, Any]:
    """Everything that the template `journeys/goal.html` shows."""
    to = f"to-{goal.slug}"
    journeys, other = _journeys(report, report.rows(f"paths-{to}"))
    used = report.rows(f"docs-and-blog-{to}")
    surfaces = report.rows(f"surfaces-{to}")
    return {
        "goal": goal,
        "reached": report.reached(goal.name),
        "journeys": journeys,
        "other_journeys": other,
        "views": views(report, goal),
        "levels": [
            _level(report, to, level) for level in LEVELS_TOLD if f"attribution-{to}-by-{level}" in report.tables
        ],
        "used": [{**row, "name": USED[row["used"], row["first"]]} for row in used],
        "both": sum(row["conversions"] for row in used if row["used"] == "both"),
        "followed": sum(row["conversions"] for row in used),
        "surfaces": surfaces,
        "newsletter": next((row for row in surfaces if row["surface"] == NEWSLETTER), None),
        "lengths": _lengths(report.rows(f"time-{to}")),
        "cohorts": _cohorts(report, report.rows(f"cohorts-{to}")),
    }


def _journeys(report: Report, rows: Iterable[Row]) -> tuple[list[Journey], Journey | None]:
    """The most frequent chains, and what all others come to."""
    told = [
        Journey([report.place(name) for name in row["path"]], row["conversions"], row["share"], _note(row))
        for row in rows
    ]
    rest = told[CHAINS_SHOWN:]
    if not rest:
        return told, None
    conversions = sum(journey.conversions for journey in rest)
    others = Journey([], conversions, sum(journey.share for journey in rest), many(len(rest), "other path"))
    return told[:CHAINS_SHOWN], others


def _note(row: Row) -> str:
    """Who, and how long it took: `2 people, 1.5 visits, 12 days on average`."""
    who = many(row["people"], "person", "people")
    if row["path"] == ["(none)"]:
        return who
    visits = f"{row['visits']:.1f}".removesuffix(".0")
    average = " on average" if row["conversions"] > 1 else ""
    took = f"{visits} {'visit' if visits == '1' else 'visits'}, {duration(row['days'] * 86_400)}"
    return f"{who}, {took}{average}"


def _level(report: Report, to: str, level: str) -> Level:
    rows = report.rows(f"attribution-{to}-by-{level}")
    by_place: dict[str, list[Row]] = {}
    for row in rows:
        by_place.setdefault(row[level], []).append(row)
    shown = list(by_place.items())[:CREDITED_SHOWN]
    most = max((row["high"] for _, models in shown for row in models), default=0.0)
    return Level(
        level,
        f"attribution-{to}-by-{level}",
        [_credited(report, level, name, models, most) for name, models in shown],
        len(by_place),
        sum(models[0]["disputed"] for models in by_place.values()),
        any(row["value"] for row in rows),
    )


def _credited(report: Report, level: str, name: str, models: list[Row], most: float) -> Credited:
    told = {row["model"]: row for row in models}
    ranks = sorted({row["rank"] for row in models})
    values = [row["value"] for row in models if row["value"] is not None]
    spread = [figure(round(value)) for value in (min(values), max(values))] if values else []
    return Credited(
        report.place(name) if level == "touchpoint" or name.startswith("(") else Place(name),
        [
            {**told[model], "bar": bar(told[model]["conversions"], most, told[model]["low"], told[model]["high"])}
            for model in MODELS
        ],
        str(ranks[0]) if len(ranks) == 1 else f"{ranks[0]}–{ranks[-1]}",
        bool(models[0]["disputed"]),
        " ".join(filter(None, ["–".join(dict.fromkeys(spread)), models[0]["currency"]])),
    )


def _lengths(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Each size with its range drawn; days to the same scale, so that silences can be compared with the whole."""
    told = [row for row in rows if row["paths"]]
    days = max((row["p90"] for row in told if row["what"] in ("days", "silence_days")), default=0.0)
    return [
        {
            **row,
            "name": LENGTHS[row["what"]],
            "range": quantiles(row, days if "days" in row["what"] else row["p90"]),
            "said": {
                name: duration(row[name] * 86_400) if "days" in row["what"] else figure(row[name])
                for name in ("p10", "p50", "p90", "mean")
            },
        }
        for row in told
    ]


def _cohorts(report: Report, rows: list[Row]) -> dict[str, Any]:
    """A line a month, newest first, a column a surface; the darker, the more of them have converted."""
    cells = {(row["month"], row["surface"]): row for row in rows}
    months = sorted({row["month"] for row in rows}, reverse=True)
    met = {row["surface"] for row in rows}
    surfaces = [name for name in report.surfaces if name in met] + sorted(met - set(report.surfaces))
    most = max((row["rate"] for row in rows), default=0.0)
    lines = []
    for month in months[:MONTHS_SHOWN]:
        line = [cells.get((month, surface)) for surface in surfaces]
        people = sum(cell["people"] for cell in line if cell)
        converted = sum(cell["converted"] for cell in line if cell)
        shaded = [{**cell, "shade": shade_of(cell["rate"], most)} if cell else None for cell in line]
        lines.append({"month": month, "cells": shaded, "people": people, "converted": converted})
    return {"surfaces": surfaces, "lines": lines, "more": len(months) > MONTHS_SHOWN}
