"""Zones: days and months are those of the wall, on both sides of each change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from measured import ADA, BOB, CYD, START, event, measured

from milepost.journeys.measures.cohorts import cohorts
from milepost.journeys.measures.objectives import Objective, objectives
from milepost.journeys.measures.paths import steps
from milepost.journeys.measures.silences import returns_by_day
from milepost.journeys.measures.tiers import linked
from milepost.journeys.measures.zones import on_the_wall


def at(*moment: int) -> float:
    """Minutes from START to a moment in UTC."""
    return (datetime(*moment, tzinfo=UTC) - START) / timedelta(minutes=1)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
def test_the_wall_is_that_of_the_zone_second_by_second_around_each_change(zone: str) -> None:
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=6 * number) for number in range(0, 4 * 365, 4)]
    moments = [hour + timedelta(seconds=off) for hour in hours for off in (-1, 0)]
    # Every hour of the days in which clocks change somewhere, too.
    moments += [
        datetime(2026, month, 1, tzinfo=UTC) + timedelta(minutes=30 * n)
        for month in (3, 4, 10, 11)
        for n in range(1440)
    ]
    naive = pa.table({"at": pa.array([one.replace(tzinfo=None) for one in moments], pa.timestamp("us"))})
    table = ibis.memtable(naive)
    shown = table.select("at", wall=on_the_wall(table.at, zone)).to_pyarrow().to_pylist()
    wrong = [
        row for row in shown
        if row["wall"] != row["at"].replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    ]  # fmt: skip
    assert wrong == []


def test_days_and_months_change_at_the_midnight_of_the_place(tmp_path: object) -> None:
    found = measured(
        tmp_path,  # type: ignore[arg-type]
        [
            # 23:59 in winter, and 00:00 the next day in summer.
            event(at(2026, 2, 28, 22, 59), ADA, "blog/maps"),
            event(at(2026, 3, 31, 22, 0), ADA, "docs/start"),
            event(at(2026, 10, 31, 22, 59), BOB, "blog/maps", "signup"),
            event(at(2026, 10, 31, 22, 59), BOB, "blog/maps"),
            event(at(2026, 10, 31, 23, 0), CYD, "blog/maps"),
        ],
    )
    berlin, trodden = "Europe/Berlin", steps(linked(found.events))
    rows = cohorts(trodden, found.places, "signup", berlin).select("month", "people").to_pyarrow().to_pylist()
    assert [(row["month"], row["people"]) for row in rows] == [
        (date(2026, 2, 1), 1), (date(2026, 10, 1), 1), (date(2026, 11, 1), 1),
    ]  # fmt: skip
    assert returns_by_day(trodden, berlin).to_pyarrow().to_pylist() == [
        {"day": date(2026, 4, 1), "times": 1, "people": 1}
    ]
    plan = [Objective("o", "October", "signup", 1, date(2026, 10, 31), date(2026, 10, 1))]
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert [objectives(found.events, plan, now, zone)[0]["actual"] for zone in (berlin, "Asia/Kathmandu")] == [1, 0]
