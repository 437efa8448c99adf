"""The weekly digest: what the report would say of the last seven days, short enough for a mail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import css_inline

from milepost.journeys import model
from milepost.journeys.answers import Row
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.objectives import objectives
from milepost.journeys.measures.obstacles.ranked import obstacles
from milepost.journeys.measures.paths import steps
from milepost.journeys.measures.reach import reach, readings, total
from milepost.journeys.measures.silences import returns_by_day
from milepost.journeys.measures.tiers import linked
from milepost.journeys.questions import answered, open_archive
from milepost.journeys.report import note_of, plan_of
from milepost.journeys.report_page import rendered
from milepost.journeys.report_places import Place, place, titled
from milepost.settings import Settings

DAYS = 7
PAGES_TOLD = 5
OBSTACLES_TOLD = 3


class Figure(NamedTuple):
    """A number of this week, and the same of the week before."""

    name: str
    now: int
    before: int

    @property
    def change(self) -> str:
        """`+12 %` of what it was; nothing where there is nothing to compare it with."""
        if not self.before:
            return ""
        return f"{(self.now - self.before) / self.before:+.0%}".replace("%", " %")


@dataclass(frozen=True)
class Digest:
    """What a digest says. `first` and `last` are days of the site's zone, both in it."""

    site_name: str
    report_url: str
    first: date
    last: date
    figures: list[Figure]
    objectives: list[Row]
    plan_fault: str
    obstacles: list[Row]
    pages: list[tuple[Place, int]]
    returns: int
    note: str

    @property
    def subject(self) -> str:
        """`Journeys of the week to 29 November 2026: Milepost`."""
        mark = "Synthetic: " if self.note else ""
        return f"{mark}Journeys of the week to {self.last.day} {self.last:%B %Y}: {self.site_name}"

    def text(self) -> str:
        """For a terminal, and for mail programs that show no HTML."""
        return rendered("digest.txt", digest=self)

    def html(self) -> str:
        """For mail programs: its styles inlined, since they drop all others."""
        return str(css_inline.inline(rendered("digest.html", digest=self), keep_style_tags=True))


def digest_of(settings: Settings, site: Path, now: datetime) -> Digest:
    """The digest of the seven whole days before the day of `now` in the site's zone.

    Args:
        site: the built pages, for titles. now: aware.
    Raises:
        MilepostError: the archive cannot be read.
    """
    zone = ZoneInfo(settings.site.timezone)
    today = now.astimezone(zone).date()
    edges = [_midnight(today - timedelta(days=days), zone) for days in (2 * DAYS, DAYS, 0)]
    lookback_days = settings.of(model.Settings).lookback_days
    whole = open_archive(settings, site, None, edges[2])
    back = answered(returns_by_day(steps(linked(whole.events)), settings.site.timezone)).rows
    plan, fault = plan_of(settings)
    told = objectives(whole.events, plan, edges[2], settings.site.timezone)
    before = _counted(open_archive(settings, site, edges[0], edges[1]).events)
    week = open_archive(settings, site, edges[1], edges[2])
    counted = _counted(week.events)
    read = answered(reach(readings(week.events), week.places, "touchpoint")).rows
    stopped = obstacles(week.events, week.places, lookback_days=lookback_days)
    return Digest(
        site_name=settings.site.name,
        report_url=f"{settings.site.url}/journeys/",
        first=today - timedelta(days=DAYS),
        last=today - timedelta(days=1),
        figures=[Figure(name, counted.get(name, 0), before.get(name, 0)) for name in _names(counted, before)],
        objectives=told,
        plan_fault=fault,
        obstacles=[titled(row, week.touchpoints) for row in stopped[:OBSTACLES_TOLD]],
        pages=[(place(row["touchpoint"], week.touchpoints), row["views"]) for row in read[:PAGES_TOLD] if row["views"]],
        returns=sum(row["times"] for row in back if row["day"] >= today - timedelta(days=DAYS)),
        note=note_of(settings.env),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)


def _counted(events: Any) -> dict[str, int]:
    """Views, visits, people, and each goal by its name."""
    (sums,) = answered(total(readings(events))).rows
    goals = {row["goal"]: row["conversions"] for row in answered(conversions(events)).rows}
    return {**{name: sums[name] for name in ("views", "visits", "people")}, **goals}


def _names(*counted: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for one in counted for name in one))
