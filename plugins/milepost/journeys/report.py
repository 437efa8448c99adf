"""The report: asks the measures, and writes one folder of static files, replaced as a whole."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from milepost.errors import MilepostError
from milepost.journeys import model
from milepost.journeys.answers import Answer
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.docs_and_blog import docs_and_blog
from milepost.journeys.measures.engines import kept
from milepost.journeys.measures.events import LEVELS, Opened
from milepost.journeys.measures.paths import came_next, chains, paths, steps_of_readers
from milepost.journeys.measures.reach import reach, readings, total
from milepost.journeys.measures.span import span
from milepost.journeys.measures.tiers import linked, tiers
from milepost.journeys.questions import CHAIN_LENGTH, answered, answered_chains, open_archive
from milepost.journeys.report_page import STYLESHEET, Report, page
from milepost.settings import Settings

GOAL = "signup"
MARK = "data/report.json"
"""What tells a report from any other folder."""


def build(settings: Settings, site: Path, out: Path, now: datetime) -> None:
    """Write the report on everything that is archived to the folder `out`, in place of the last one.

    Args:
        site: the built pages; `site/touchpoints.json` has the titles, and need not be there.
        now: when it is built, aware; shown, and nothing else.
    Raises:
        MilepostError: `out` is there and is no report, or the archive cannot be read.
    """
    if out.exists() and not (out / MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise MilepostError(f"{out}: is there and is no report; name another folder with --out")
    found = open_archive(settings, site)
    tables = _tables(found, settings.of(model.Settings).lookback_days)
    (spanned,) = answered(span(found.events)).rows
    zone = ZoneInfo(settings.site.timezone)
    first, last = (_aware(spanned[name], zone) for name in ("first", "last"))
    report = Report(
        site_name=settings.site.name,
        site_url=settings.site.url,
        lang="en",
        lookback_days=settings.of(model.Settings).lookback_days,
        built=now.astimezone(zone),
        zone=settings.site.timezone,
        first=first,
        last=last,
        events=spanned["events"],
        bots=found.bots,
        touchpoints=found.touchpoints,
        tables=tables,
    )
    with _replacing(out) as folder:
        (folder / "data").mkdir()
        for name, table in tables.items():
            (folder / "data" / f"{name}.json").write_text(table.json(), encoding="utf-8")
            (folder / "data" / f"{name}.csv").write_text(table.csv(), encoding="utf-8", newline="")
        (folder / MARK).write_text(json.dumps(_about(report), indent=1) + "\n", encoding="utf-8")
        shutil.copyfile(STYLESHEET, folder / STYLESHEET.name)
        (folder / "index.html").write_text(page(report), encoding="utf-8")


def _tables(found: Opened, lookback_days: int) -> dict[str, Answer]:
    """Every table of the report by the name of its file."""
    events, places = found.events, found.places
    # Kept, since several tables are made of each.
    read = kept(readings(events))
    everyone = steps_of_readers(events)
    journeys = linked(everyone)
    walked = kept(paths(journeys, GOAL, lookback_days))
    return {
        "totals": answered(total(read)),
        "tiers": answered(tiers(events)),
        "conversions": answered(conversions(events)),
        f"paths-to-{GOAL}": answered_chains(chains(walked, CHAIN_LENGTH), GOAL),
        "docs-and-blog": answered(docs_and_blog(walked, places)),
        "next-within-a-visit": answered(came_next(everyone, places, "touchpoint", "visit")),
        "next-across-silences": answered(came_next(journeys, places, "touchpoint", "journey")),
        **{f"reach-by-{level}": answered(reach(read, places, level)) for level in LEVELS},
    }


def _about(report: Report) -> dict[str, Any]:
    return {
        "version": 1,
        "built": report.built.isoformat(),
        "first": report.first.isoformat() if report.first else None,
        "last": report.last.isoformat() if report.last else None,
        "events": report.events,
        "bots": report.bots,
        "tables": list(report.tables),
    }


def _aware(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.replace(tzinfo=UTC).astimezone(zone) if at else None


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which takes its place when the block ends well, and else is gone."""
    out.parent.mkdir(parents=True, exist_ok=True)
    new, old = (out.with_name(f".{out.name}.{what}") for what in ("new", "old"))
    with _alone_in(out.parent):
        # Left by one that was killed.
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        new.mkdir()
        try:
            yield new
            if out.exists():
                out.rename(old)
            new.rename(out)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            if old.exists() and not out.exists():
                old.rename(out)
            raise
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One at a time: the preview and a command may both have a report ready."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
