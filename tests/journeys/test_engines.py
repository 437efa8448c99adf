"""The same archive, asked on DuckDB and on Spark: the same answers, row by row."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from measured import TOUCHPOINTS, archive_of, event

from milepost.errors import MilepostError
from milepost.journeys.measures.around import around
from milepost.journeys.measures.attribution import attribution
from milepost.journeys.measures.blocked import blocked
from milepost.journeys.measures.cohorts import cohorts
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.daily import reached_by_day
from milepost.journeys.measures.docs_and_blog import docs_and_blog
from milepost.journeys.measures.engines import engine_of
from milepost.journeys.measures.events import Opened, opened
from milepost.journeys.measures.journey_map import beginnings, journey_map
from milepost.journeys.measures.narrowed import narrowed
from milepost.journeys.measures.objectives import Objective, objectives
from milepost.journeys.measures.obstacles.detector import Threshold
from milepost.journeys.measures.obstacles.ranked import DETECTORS, obstacles
from milepost.journeys.measures.onward import onward
from milepost.journeys.measures.paths import came_next, chains, paths, steps, steps_of_readers
from milepost.journeys.measures.reach import reach, readings, total
from milepost.journeys.measures.reading import reading
from milepost.journeys.measures.silences import returns_by_day, silences
from milepost.journeys.measures.surface_part import surface_part
from milepost.journeys.measures.tiers import linked, readers, rows_of_linked, tiers
from milepost.journeys.measures.time_to_convert import time_to_convert
from milepost.journeys.measures.visits import numbered

peer = [
    pytest.mark.peer,
    pytest.mark.skipif(not find_spec("pyspark"), reason="Spark is not installed; make peers"),
    pytest.mark.skipif(not shutil.which("java"), reason="no Java runtime; make peers"),
]
GOAL, ZONE = "signup", "Europe/Berlin"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
PLAN = [Objective("more", "More", GOAL, 500, date(2026, 12, 31), date(2026, 1, 1))]
SAID = {
    "engage": ['{"seconds": 31.5, "depth": 80}', '{"seconds": 4}', "not json", '{"seconds": "9"}', None],
    "search": ['{"query": "Refund ", "results": 0}', '{"query": "say \\"x\\"", "results": 3}', "{}"],
    "not-found": ['{"path": "/old", "referrer": "x.example"}'],
    "form": ['{"name": "order", "step": "started"}', '{"name": "order", "step": "sent"}'],
    "helpful": ['{"answer": "no", "comment": "Where is it?"}', '{"answer": "yes"}'],
    "vitals": ['{"lcp": 4100.5, "inp": 90}', '{"lcp": 900, "cls": 0.25}'],
}
LOW = {name: Threshold(2, 0.05) for name in DETECTORS}


def journeys(count: int, seed: int = 11) -> list[dict[str, Any]]:
    """A year of `count` readers' events, of every type and tier, with long silences and equal times."""
    made = random.Random(seed)
    rows = []
    for number in range(count):
        letter = made.choice("ABCxyz09-_")
        who = made.choice([f"{letter}{number:021d}", f"{letter}{number:021d}", chr(97 + number % 26), None])
        minute = made.uniform(0, 300 * 24 * 60)
        for _ in range(made.randint(1, 12)):
            minute += made.choice([0, 0.5, 3, 29, 31, 60 * 24 * 40])
            type_ = made.choice(["view"] * 8 + ["signup", "order", "call", *SAID])
            more: dict[str, Any] = {"data": made.choice(SAID[type_])} if type_ in SAID else {}
            if type_ == "order":
                more = {"value": made.choice([10.0, 25.5]), "currency": made.choice(["EUR", "EUR", "USD"])}
            touchpoint = made.choice([one["id"] for one in TOUCHPOINTS] + ["gone/page"])
            rows.append(event(round(minute, 2), who, touchpoint, type_, **more))
    return rows


def every_answer(found: Opened) -> dict[str, Any]:
    """What each measure says, as plain rows."""
    events, places = found.events, found.places
    trodden = steps(linked(events))
    walked = rows_of_linked(events).then(steps).then(lambda table: paths(table, GOAL, 200))
    some = narrowed(events, places, {"surface": "blog"}, "consented")
    tables = {
        "reach": reach(readings(events), places, "topic"),
        "total of some": total(readings(some)),
        "tiers": tiers(events),
        "conversions": conversions(events),
        "chains": chains(walked.table, 3),
        "next in a visit": came_next(steps(readers(events)), places, "surface", "visit"),
        "docs and blog": docs_and_blog(walked.table, places),
        "silences": silences(trodden, places),
        "returns": returns_by_day(trodden, ZONE),
        "cohorts": cohorts(trodden, places, GOAL, ZONE),
        "surface part": surface_part(trodden, walked.table, places, GOAL),
        "onward": onward(trodden, 2),
        "map": journey_map(beginnings(trodden, GOAL), places, GOAL, "surface"),
        "by day": reached_by_day(events, ZONE),
    }
    return {
        **{name: table.to_pyarrow().to_pylist() for name, table in tables.items()},
        "around": around(trodden, places, "docs", "surface", length=3),
        "reading": reading(events, "blog/funnel"),
        "attribution": attribution(walked, places),
        "attribution by topic": attribution(walked, places, "topic"),
        "time to convert": time_to_convert(walked.table, places),
        "blocked": blocked(events, places),
        "objectives": objectives(events, PLAN, NOW, ZONE),
        "obstacles": obstacles(events, places, LOW, 200),
    }


def a_few_answers(found: Opened) -> dict[str, Any]:
    walked = rows_of_linked(found.events).then(steps).then(lambda table: paths(table, GOAL, 200))
    return {"attribution": attribution(walked, found.places)}


def assert_equal(one: Any, other: Any, where: str) -> None:
    """Equal, floats to 1e-9 of themselves: sums are made in another order."""
    if isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-9, abs=1e-9), where
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for number, (mine, its) in enumerate(zip(one, other, strict=True)):
            assert_equal(mine, its, f"{where}, {number}")
    elif isinstance(one, dict):
        assert list(one) == list(other), where
        for name, mine in one.items():
            assert_equal(mine, other[name], f"{where}, {name}")
    else:
        assert one == other, where


def compared(archive: str, engine: str, asked: Any) -> None:
    on_duckdb = asked(opened(archive, TOUCHPOINTS))
    on_spark = asked(opened(archive, TOUCHPOINTS, engine=engine))
    assert all(on_duckdb.values()), "a measure had nothing to say"
    for name, rows in on_duckdb.items():
        assert_equal(rows, on_spark[name], name)


@pytest.fixture(autouse=True)
def _spark_ends() -> Iterator[None]:
    yield
    if "pyspark" in sys.modules:
        from pyspark.sql import SparkSession

        if session := SparkSession.getActiveSession():
            session.stop()


class TestSpark:
    pytestmark = peer

    @pytest.mark.long
    def test_every_measure_says_on_spark_what_it_says_on_duckdb(self, tmp_path: Path) -> None:
        compared(archive_of(tmp_path, journeys(400)), "local[2]", every_answer)

    @pytest.mark.long
    def test_a_master_and_two_workers_say_the_same(self, tmp_path: Path) -> None:
        archive = archive_of(tmp_path / "archive", journeys(400))
        with cluster(tmp_path) as master:
            compared(archive, master, every_answer)

    @pytest.mark.long
    def test_an_empty_archive_is_empty_on_spark_too(self, tmp_path: Path) -> None:
        found = opened(str(tmp_path), TOUCHPOINTS, engine="local[1]")
        assert total(readings(found.events)).to_pyarrow().to_pylist() == [
            {"views": 0, "visits": 0, "people": 0, "engaged_seconds": 0.0}
        ]


def test_what_is_no_engine_is_refused_with_those_that_are() -> None:
    for name in ("spark", "spark://x", "local[0]", "local", "sqlite"):
        said = f"MILEPOST_ENGINE is {name!r}; say duckdb, local[N] or spark://host:port"
        with pytest.raises(MilepostError, match=f"^{re.escape(said)}$"):
            engine_of(name)


def test_spark_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(MilepostError, match=r"Spark is not there: pip install milepost\[spark\]"):
        engine_of("local[1]")


def test_visits_that_several_measures_share_are_numbered_once_and_as_each_would_alone(tmp_path: Path) -> None:
    events = opened(archive_of(tmp_path, journeys(60)), TOUCHPOINTS).events
    held = numbered(events)
    assert numbered(events).op() == numbered(held).op() == held.op()
    for shared, alone in (
        (steps_of_readers(events), steps(readers(events))),
        (linked(steps_of_readers(events)), steps(linked(events))),
    ):
        both = [table.drop("id", "at") if "id" in table.columns else table.drop("at") for table in (shared, alone)]
        mine, its = (table.order_by("reader", "number").to_pyarrow().to_pylist() for table in both)
        assert mine == its
        assert mine


def test_no_bar_of_progress_gets_into_what_is_not_a_terminal() -> None:
    told = engine_of("duckdb").connection.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()
    assert (sys.stdout.isatty(), told) == (False, (False,))


@pytest.mark.skipif(not find_spec("fsspec"), reason="fsspec is not installed; make peers")
def test_an_archive_in_an_object_store_is_read_by_its_url(tmp_path: Path) -> None:
    import fsspec

    rows = journeys(60)
    archive_of(tmp_path, rows)
    store = fsspec.filesystem("memory")
    for path in tmp_path.rglob("*.parquet"):
        store.pipe(f"/archive/{path.relative_to(tmp_path)}", path.read_bytes())
    there, here = (opened(url, TOUCHPOINTS) for url in ("memory://archive", str(tmp_path)))
    assert a_few_answers(there) == a_few_answers(here)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A standalone master of Spark's and two workers on this machine; yields its URL."""
    import pyspark

    home = Path(pyspark.__file__).parent
    environ = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    log = (folder / "spark.log").open("w+b")
    started = []

    def start(*arguments: str) -> None:
        command = [str(home / "bin" / "spark-class"), *(f"org.apache.spark.deploy.{one}" for one in arguments[:1])]
        started.append(subprocess.Popen([*command, *arguments[1:]], env=environ, stdout=log, stderr=log, cwd=folder))

    def said(pattern: str, times: int = 1) -> str:
        for _ in range(600):
            found = re.findall(pattern, (folder / "spark.log").read_text())
            if len(found) >= times:
                return str(found[0])
            time.sleep(0.1)
        raise AssertionError((folder / "spark.log").read_text()[-2000:])

    try:
        start("master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        master = said(r"Starting Spark master at (spark://\S+)")
        for _ in range(2):
            work = ("--cores", "1", "--memory", "1g", "--webui-port", "0", "--host", "127.0.0.1")
            start("worker.Worker", *work, master)
        said(r"Successfully registered with master", 2)
        yield master
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)
        log.close()
