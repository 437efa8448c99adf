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
from milepost.journeys import model, synthetic
from milepost.journeys.counting import counting
from milepost.journeys.measures.events import Opened, touchpoints_of
from milepost.journeys.measures.objectives import Objective
from milepost.journeys.measures.onward import onward
from milepost.journeys.measures.paths import steps_of_readers
from milepost.journeys.measures.span import span
from milepost.journeys.measures.tiers import linked
from milepost.journeys.plan import objectives_of
from milepost.journeys.questions import answered
from milepost.journeys.report_model import Report
from milepost.journeys.report_page import STYLESHEET, pages
from milepost.journeys.report_tables import Asked, tables_of
from milepost.settings import Environment, Settings

MARK = "data/report.json"
"""What tells a report from any other folder."""


def build(settings: Settings, site: Path, out: Path, now: datetime) -> Report:
    """Write the report on everything that is archived to the folder `out`, in place of the last one; returns it.

    Args:
        site: the built pages; `site/touchpoints.json` has the titles, and need not be there.
        now: when it is built, aware; objectives are told up to it.
    Raises:
        MilepostError: `out` is there and is no report, or the archive cannot be read.
    """
    _refuse_what_is_no_report(out)
    report = report_of(settings, site, now)
    write(report, out)
    return report


def _refuse_what_is_no_report(out: Path) -> None:
    if out.exists() and not (out / MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise MilepostError(f"{out}: is there and is no report; name another folder with --out")


def write(report: Report, out: Path) -> None:
    """Write a report to the folder `out`, in place of the last one, as a whole.

    Raises:
        MilepostError: `out` is there and is no report.
    """
    _refuse_what_is_no_report(out)
    with _replacing(out) as folder:
        (folder / "data").mkdir()
        for name, table in report.tables.items():
            (folder / "data" / f"{name}.json").write_text(table.json(), encoding="utf-8")
            (folder / "data" / f"{name}.csv").write_text(table.csv(), encoding="utf-8", newline="")
        (folder / MARK).write_text(json.dumps(_about(report), indent=1) + "\n", encoding="utf-8")
        shutil.copyfile(STYLESHEET, folder / STYLESHEET.name)
        for name, text in pages(report).items():
            (folder / name).write_text(text, encoding="utf-8")


def report_of(settings: Settings, site: Path, now: datetime) -> Report:
    """Everything that is archived, asked of the measures.

    Args: as for `build`.
    """
    lookback_days = settings.of(model.Settings).lookback_days
    plan, fault = plan_of(settings)
    touchpoints = touchpoints_of(site)

    def measured(found: Opened) -> tuple[Any, ...]:
        # Held, so that what comes after the tables is made of the same steps.
        steps = steps_of_readers(found.events)
        asked = Asked(found, plan, lookback_days, settings.site.timezone, now)
        return (*tables_of(asked), span(found.events), answered(onward(linked(steps))).rows)

    shape = lookback_days, settings.site.timezone
    (goals, tables, spanned, went_on), bots, counted = counting(settings.env, touchpoints, shape, measured)
    zone = ZoneInfo(settings.site.timezone)
    first, last = (_aware(spanned[name], zone) for name in ("first", "last"))
    return Report(
        site_name=settings.site.name,
        site_url=settings.site.url,
        lang="en",
        lookback_days=lookback_days,
        built=now.astimezone(zone),
        zone=settings.site.timezone,
        first=first,
        last=last,
        events=spanned["events"],
        bots=bots,
        touchpoints={str(one["id"]): one for one in touchpoints},
        goals=goals,
        tables=tables,
        went_on=went_on,
        counted=counted,
        note=note_of(settings.env),
        plan_fault=fault,
    )


def plan_of(settings: Settings) -> tuple[tuple[Objective, ...], str]:
    """The objectives, or why there are none: a fault in the plan keeps nobody from all else."""
    try:
        return tuple(objectives_of(settings)), ""
    except MilepostError as error:
        return (), str(error)


def note_of(env: Environment) -> str:
    """What the mark of a synthetic archive says of it; empty for a real one."""
    if not synthetic.is_synthetic(env):
        return ""
    return str(synthetic.truth_of(Path(env.archive_url.removeprefix("file://"))).get("note") or synthetic.NOTE)


def _about(report: Report) -> dict[str, Any]:
    return {
        "version": 1,
        "built": report.built.isoformat(),
        "first": report.first.isoformat() if report.first else None,
        "last": report.last.isoformat() if report.last else None,
        "events": report.events,
        "bots": report.bots,
        "goals": [goal.name for goal in report.goals],
        "synthetic": bool(report.note),
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
