"""A report after new events reads what is new, and says what it would say if it had read everything."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from measured import TOUCHPOINTS
from test_engines import assert_equal, journeys

from milepost.journeys import counting, parquet
from milepost.journeys.columns import archive_schema, write_parquet
from milepost.journeys.erasing import erase
from milepost.journeys.measures.blocked import blocked
from milepost.journeys.measures.events import Opened
from milepost.journeys.measures.objectives import Objective
from milepost.journeys.measures.onward import onward
from milepost.journeys.measures.paths import steps_of_readers
from milepost.journeys.measures.span import span
from milepost.journeys.measures.tiers import linked
from milepost.journeys.questions import answered
from milepost.journeys.report_tables import Asked, tables_of
from milepost.settings import Environment

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PLAN = (Objective("more", "More", "signup", 500, NOW.date(), datetime(2026, 1, 1, tzinfo=UTC).date()),)
ALL = list[dict[str, Any]]


def environment(folder: Path, archive: Path | None = None) -> Environment:
    return Environment.model_validate(
        {"MILEPOST_VAR": folder, "MILEPOST_ARCHIVE_URL": str(archive or folder / "archive")}
    )


def add(env: Environment, rows: Iterable[Mapping[str, Any]], batch: int) -> None:
    """What the archiver does with a batch: a file in each month that it has events of."""
    months: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        months.setdefault(f"{row['at']:%Y-%m}", []).append(row)
    for month, mine in months.items():
        path = parquet.archive_folder(env) / f"month={month}" / f"inbox-{batch}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(pa.Table.from_pylist(mine, schema=archive_schema()), path)


def answers(found: Opened, now: datetime = NOW) -> dict[str, Any]:
    """Every table of the report, as plain rows, and what else is counted for it."""
    steps = steps_of_readers(found.events)
    goals, tables = tables_of(Asked(found, PLAN, 200, "Europe/Berlin", now))
    told: dict[str, Any] = {name: table.rows for name, table in tables.items()}
    went_on = answered(onward(linked(steps), 2)).rows
    return {**told, "goals": [goal.name for goal in goals], "span": [span(found.events)], "onward": went_on}


def counted(env: Environment, touchpoints: ALL = TOUCHPOINTS) -> tuple[dict[str, Any], int, str]:
    return counting.counting(env, touchpoints, ("Europe/Berlin", 200), answers)


def from_nothing(env: Environment, folder: Path) -> tuple[dict[str, Any], int]:
    told, bots, said = counted(environment(folder, parquet.archive_folder(env)))
    assert said == "counted: the whole archive, for the first time"
    return told, bots


def assert_as_from_nothing(env: Environment, folder: Path, told: Mapping[str, Any], bots: int) -> None:
    expected, bots_in_all = from_nothing(env, folder)
    assert bots == bots_in_all
    assert list(told) == list(expected)
    for name, rows in expected.items():
        assert_equal(rows, told[name], name)


def assert_names_nobody(file: Path, rows: ALL) -> None:
    with zipfile.ZipFile(file) as packed:
        tables = [pq.read_table(io.BytesIO(packed.read(name))) for name in packed.namelist() if ".parquet" in name]
    text = repr([table.to_pydict() for table in tables]).lower()
    assert len(tables) > 40
    assert "docs/start" in text
    people = {row["person"] for row in rows if row["person"]} | {row["visit"].hex() for row in rows if row["visit"]}
    assert not [one for one in people if one.lower() in text]


def a_year(readers: int, seed: int) -> ALL:
    """The events of a year in the order of time, some of bots, with ids."""
    made = random.Random(seed)
    rows = sorted(journeys(readers, seed), key=lambda row: row["at"])
    return [
        {"id": number.to_bytes(16), **row, **({"bot": "crawler"} if made.random() < 0.03 else {})}
        for number, row in enumerate(rows)
    ]


def test_new_events_and_late_ones_are_added_to_what_was_counted(tmp_path: Path) -> None:
    env, rows = environment(tmp_path / "var"), a_year(150, 5)
    late = [row for number, row in enumerate(rows) if number % 25 == 0]
    first = [row for row in rows if row not in late]
    add(env, first[:-30], 1)
    counted(env)
    add(env, [*first[-30:], *late], 2)
    told, bots, said = counted(env)
    assert said == f"counted: {30 + len(late)} new events, and what their readers did before"
    assert all(told[name] for name in ("obstacles", "attribution-to-signup-by-topic", "onward", "silences"))
    assert_as_from_nothing(env, tmp_path / "other", told, bots)
    assert_names_nobody(tmp_path / "var" / parquet.COUNTED, rows)


def test_on_a_young_site_what_never_happened_is_added_up_too(tmp_path: Path) -> None:
    env = environment(tmp_path / "var")
    views = [row for row in a_year(150, 5) if row["type"] == "view"]

    def told() -> tuple[Any, int, str]:
        return counting.counting(env, TOUCHPOINTS, 1, lambda found: blocked(found.events, found.places))

    add(env, views[:-5], 1)
    before, _, _ = told()
    add(env, views[-5:], 2)
    after, _, said = told()
    assert said.startswith("counted: 5 new events")
    assert (after, after["signups"]) == (before, 0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_any_days_are_added_to_what_was_counted(tmp_path: Path, seed: int) -> None:
    made = random.Random(seed)
    env, rows = environment(tmp_path / "var"), a_year(made.choice([20, 120, 400]), seed)
    late = [row for row in rows if made.random() < 0.03]
    rest = [row for row in rows if row not in late]
    at = int(len(rest) * 0.8)
    add(env, rest[:at], 1)
    counted(env)
    for day in range(4):
        until = at + made.randint(0, len(rest) // 30)
        some = [late.pop() for _ in range(min(len(late), made.randint(0, 3)))]
        add(env, rest[at:until] + some, 2 + day)
        at = until
        if made.random() < 0.3:
            person = made.choice([row["person"] for row in rest[:at] if row["person"]])
            parquet.erase(parquet.archive_folder(env), person)
        told, bots, _ = counted(env)
        assert_as_from_nothing(env, tmp_path / f"other-{day}", told, bots)


def how_many(found: Opened) -> dict[str, Any]:
    return span(found.events)


def said_of(env: Environment, touchpoints: ALL = TOUCHPOINTS, shape: object = 1) -> tuple[int, str]:
    told, _, said = counting.counting(env, touchpoints, shape, how_many)
    return told["events"], said.removeprefix("counted: ")


def test_what_was_counted_is_believed_only_of_files_and_settings_that_are_as_they_were(tmp_path: Path) -> None:
    env, rows = environment(tmp_path), [row for row in a_year(60, 3) if "bot" not in row]
    file, add_first = tmp_path / parquet.COUNTED, len(rows) - 6
    assert said_of(env) == (0, "the whole archive, for the first time")
    add(env, rows[:add_first], 1)
    assert said_of(env) == (add_first, "the whole archive, since much is new")
    assert said_of(env) == (add_first, "nothing is new")
    add(env, rows[add_first:-1], 2)
    assert said_of(env) == (len(rows) - 1, "5 new events, and what their readers did before")
    add(env, rows[-1:], 3)
    assert said_of(env) == (len(rows), "1 new event, and what their readers did before")
    assert said_of(env, shape=2) == (len(rows), "the whole archive, since settings or Milepost have changed")
    # A page that nobody has met is placed anew every day; one that was met moves what was counted.
    page = {"id": "blog/new", "surface": "blog", "kind": "article", "topics": ["new"]}
    assert said_of(env, [*TOUCHPOINTS, page], 2) == (len(rows), "nothing is new")
    moved = [{**one, "topics": ["sold"]} for one in TOUCHPOINTS]
    said = "the whole archive, since pages have other topics, authors or objectives"
    assert said_of(env, moved, 2) == (len(rows), said)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)
    assert said_of(env, moved, 2) == (len(rows), f"the whole archive, since {os.path.relpath(file)} cannot be read")
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_erased_or_too_old_is_counted_no_more_and_names_nobody(tmp_path: Path) -> None:
    env, rows = environment(tmp_path), [row for row in a_year(60, 3) if "bot" not in row]
    add(env, rows, 1)
    said_of(env)
    (person, *_) = [row["person"] for row in rows if row["person"]]
    erase(env, person)
    assert not (tmp_path / parquet.COUNTED).exists()
    rest = [row for row in rows if row["person"] != person]
    assert said_of(env) == (len(rest), "the whole archive, for the first time")
    # By whatever way a file is rewritten.
    other = next(row["person"] for row in rest if row["person"])
    _, files = parquet.erase(parquet.archive_folder(env), other)
    rest = [row for row in rest if row["person"] != other]
    assert said_of(env) == (len(rest), f"the whole archive, since {files[0]} is not as it was")
    removed = parquet.remove_before(parquet.archive_folder(env), "2026-03")
    rest = [row for row in rest if f"{row['at']:%Y-%m}" >= "2026-03"]
    assert said_of(env) == (len(rest), f"the whole archive, since {min(removed)} is not as it was")
