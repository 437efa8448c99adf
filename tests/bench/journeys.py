"""`make bench-journeys` (N=1000000): every measure's time on a made archive, and Markov beside two libraries.

Prints seconds on the wall and of the processor (all cores together), growth from a tenth of N to N, bytes an event, and
memory; then the tables of a whole report, from nothing and again after a day's events (N/365). PAGES says how many
touchpoints (500). MILEPOST_ENGINE is heard: on Spark every measure is timed, and nothing else.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pandas
import pyarrow.compute as pc
from made_events import day_after, touchpoints, write_archive

from milepost.journeys.counting import counting
from milepost.journeys.measures import attribution as of_attribution
from milepost.journeys.measures import credit
from milepost.journeys.measures.around import around
from milepost.journeys.measures.attribution import attribution
from milepost.journeys.measures.cohorts import cohorts
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.docs_and_blog import docs_and_blog
from milepost.journeys.measures.engines import kept
from milepost.journeys.measures.events import LEVELS, Opened, opened
from milepost.journeys.measures.objectives import Objective, objectives
from milepost.journeys.measures.obstacles.ranked import obstacles
from milepost.journeys.measures.onward import onward
from milepost.journeys.measures.paths import came_next, chains, paths, steps_of_readers
from milepost.journeys.measures.reach import reach, readings
from milepost.journeys.measures.silences import returns_by_day, silences
from milepost.journeys.measures.span import span
from milepost.journeys.measures.states import states_of
from milepost.journeys.measures.surface_part import surface_part
from milepost.journeys.measures.tiers import Rows, linked, rows_of_linked, tiers
from milepost.journeys.measures.time_to_convert import time_to_convert
from milepost.journeys.measures.visits import numbered
from milepost.journeys.model import Linked
from milepost.journeys.report_tables import Asked, tables_of
from milepost.settings import Environment

ENGINE = os.environ.get("MILEPOST_ENGINE") or "duckdb"
MARKOV_EVENTS, MARKOV_PAGES = 1_000_000, 200
GOAL, ZONE, NOW = "signup", "Europe/Berlin", datetime(2026, 10, 1, tzinfo=UTC)
PLAN = [Objective("more", "More signups", GOAL, 10_000, date(2026, 12, 31), date(2026, 1, 1))]


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(run: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the wall, seconds of the processor, and what came of it."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    found = run()
    return time.perf_counter() - wall, cpu_seconds() - cpu, found


def measured(archive: Path, pages: int) -> dict[str, tuple[float, float]]:
    """Each measure by name: seconds on the wall and of the processor; what several share is a row of its own."""
    found = opened(str(archive), touchpoints(pages), engine=ENGINE)
    rows: dict[str, tuple[float, float]] = {}

    def run(name: str, what: Callable[[], Any]) -> Any:
        *seconds, value = timed(what)
        rows[name] = (seconds[0], seconds[1])
        return value

    places = found.places
    few, many = ("topic",), [level for level in LEVELS if level not in ("touchpoint", "topic")]
    known = run("(visits, shared)", lambda: numbered(found.events))
    read = run("(readings, shared)", lambda: kept(readings(known)))
    everyone = run("(steps, shared)", lambda: steps_of_readers(found.events))
    walked = run("(paths, shared)", lambda: rows_of_linked(everyone).then(lambda it: kept(paths(it, GOAL, 400))))
    trodden = linked(everyone)
    for name, levels in (("touchpoint", ("touchpoint",)), ("topic", few), (f"{len(many)} more levels", many)):
        run(f"reach by {name}", lambda levels=levels: [reach(read, places, one).to_pyarrow() for one in levels])
    for name, levels in (("touchpoint", ("touchpoint",)), ("topic", few), (f"{len(many)} more levels", many)):
        run(f"attribution by {name}", lambda levels=levels: [attribution(walked, places, one) for one in levels])
    run("tiers", lambda: tiers(found.events).to_pyarrow())
    run("conversions", lambda: conversions(found.events).to_pyarrow())
    run("objectives", lambda: objectives(found.events, PLAN, NOW, ZONE))
    run("chains", lambda: chains(walked.table).to_pyarrow())
    run("next within a visit", lambda: came_next(everyone, places, "touchpoint", "visit").to_pyarrow())
    run("next across silences", lambda: came_next(trodden, places, "touchpoint", "journey").to_pyarrow())
    run("around a page, 3 steps", lambda: around(trodden, places, "blog/0"))
    run("time to convert", lambda: time_to_convert(walked.table, places))
    run("docs and blog", lambda: docs_and_blog(walked.table, places).to_pyarrow())
    run("part of each surface", lambda: surface_part(trodden, walked.table, places, GOAL).to_pyarrow())
    run("silences", lambda: silences(trodden, places, "surface").to_pyarrow())
    run("returns by day", lambda: returns_by_day(trodden, ZONE).to_pyarrow())
    run("cohorts", lambda: cohorts(trodden, places, GOAL, ZONE).to_pyarrow())
    run("onward", lambda: onward(trodden).to_pyarrow())
    run("obstacles", lambda: obstacles(found.events, places))
    rows["all"] = (sum(wall for wall, _ in rows.values()), sum(cpu for _, cpu in rows.values()))
    return rows


def alone(run: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """What a function says in a process of its own, and how many GB of memory that had at most."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(run, *arguments).result()
        return found, pool.submit(peak).result()


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000


def every_measure(folder: Path, events: int, pages: int) -> None:
    few = events // 10
    alone(write_archive, folder / "few", few, pages)
    size, _ = alone(write_archive, folder / "all", events, pages)
    before, _ = alone(measured, folder / "few", pages)
    after, memory = alone(measured, folder / "all", pages)
    print(f"{events:,} events, {pages} touchpoints, {size / events:.1f} bytes an event, {ENGINE}")
    # Of the processor's seconds: what else the machine does is in them least.
    print(f"{'':28}{'wall':>9}{'processor':>11}{f'its growth from {few:,}':>30}")
    for name, (wall, cpu) in after.items():
        print(f"{name:28}{wall:7.2f} s{cpu:9.2f} s{cpu / before[name][1]:28.1f} x")
    slowest = max((name for name in after if name != "all"), key=lambda name: after[name][0])
    print(f"the slowest: {slowest}, {after[slowest][0]:.1f} s; at most {memory:.1f} GB of memory")


def report(archive: Path, var: Path, pages: int) -> tuple[float, float, str]:
    """Every table that `milepost journeys report` writes: seconds on the wall, of the processor, what was read."""
    env = Environment.model_validate({"MILEPOST_VAR": var, "MILEPOST_ARCHIVE_URL": str(archive)})

    def tables(found: Opened) -> Any:
        steps = steps_of_readers(found.events)
        asked = Asked(found, tuple(PLAN), 400, ZONE, NOW)
        return tables_of(asked), span(found.events), onward(linked(steps)).to_pyarrow().to_pylist()

    wall, cpu, (_, _, said) = timed(lambda: counting(env, touchpoints(pages), ZONE, tables))
    return wall, cpu, said


def a_report_and_one_a_day_later(folder: Path, events: int, pages: int) -> None:
    asked = folder / "all", folder / "var", pages
    (wall, cpu, said), memory = alone(report, *asked)
    day_after(folder / "all", events // 365, pages)
    (again, its_cpu, its_said), its_memory = alone(report, *asked)
    print("a report's tables, without writing them:")
    print(f"{wall:7.2f} s{cpu:9.2f} s of the processor, {memory:.1f} GB: {said}")
    print(f"{again:7.2f} s{its_cpu:9.2f} s of the processor, {its_memory:.1f} GB: {its_said}")
    shares = f"{100 * again / wall:.0f} % of the time, {100 * its_cpu / cpu:.0f} % of the processor's"
    print(f"again after a day: {shares}; load {os.getloadavg()[0]:.1f}")


def beside_others(folder: Path) -> None:
    """All seven models with intervals from the paths on, and Markov alone beside two libraries on the same paths."""
    write_archive(folder / "markov", MARKOV_EVENTS, MARKOV_PAGES)
    found = opened(str(folder / "markov"), touchpoints(MARKOV_PAGES))
    walked = rows_of_linked(steps_of_readers(found.events)).then(lambda it: kept(paths(it, GOAL, 400)))
    ours, _, rows = timed(lambda: attribution(walked, found.places))
    what = f"attribution of {MARKOV_PAGES} touchpoints from {MARKOV_EVENTS:,} events"
    alone, _, _ = timed(lambda: _markov_alone(walked, found.places))
    print(f"{what}, seven models with intervals: {ours:.2f} s; Markov alone: {alone:.2f} s")
    exact = {row["touchpoint"]: row["conversions"] for row in rows if row["model"] == "markov"}
    table = walked.table.filter(walked.table.touchpoint != "(none)").order_by("reader", "path", "step").to_pandas()
    ways = table.groupby(["reader", "path"]).agg(path_=("touchpoint", " > ".join), converted=("converted", "first"))
    counts = ways.groupby("path_")["converted"].agg(["sum", "count"]).reset_index()
    data = pandas.DataFrame(
        {"path": counts["path_"], "conversions": counts["sum"].astype(int), "nulls": (counts["count"] - counts["sum"])}
    )
    _beside_channel_attribution(data, exact, alone)
    _beside_marketing_attribution_models(data, exact, alone)


def _beside_channel_attribution(data: Any, exact: dict[str, float], alone: float) -> None:
    if not find_spec("ChannelAttribution") or not find_spec("matplotlib"):
        print("ChannelAttribution is not installed: left out")
        return
    import ChannelAttribution

    theirs, _, answer = timed(
        lambda: ChannelAttribution.markov_model(
            data, "path", "conversions", var_null="nulls", ncore=os.cpu_count() or 1, verbose=False, flg_pro=False
        )
    )
    credited = dict(zip(answer["channel_name"], answer["total_conversions"], strict=True))
    off = [abs(credited.get(name, 0.0) / value - 1) for name, value in exact.items() if value >= 1 and name != "(none)"]
    print(f"ChannelAttribution, Markov alone: {theirs:.2f} s, {theirs / alone:.1f} times as long as ours")
    print(f"its simulation is {100 * sorted(off)[len(off) // 2]:.1f} % off the exact credit in the middle of the table")


def _beside_marketing_attribution_models(data: Any, exact: dict[str, float], alone: float) -> None:
    if not find_spec("mam"):
        print("marketing-attribution-models is not installed: left out")
        return
    from mam.core import MAM

    long = data.melt("path", var_name="converted", value_name="times")
    long = long[long["times"] > 0].assign(converted=lambda rows: rows["converted"] == "conversions")
    theirs, _, answer = timed(
        lambda: MAM(
            df=long,
            format_type="grouped_journey",
            channels_colname="path",
            journey_with_conv_colname="converted",
            occurrences_colname="times",
        ).run_markov()
    )
    lost = answer.metadata["removal_effect"]["removal_effect"]
    share = (lost / lost.sum()).to_dict()
    total = sum(value for name, value in exact.items() if name != "(none)")
    off = max(abs(share.get(name, 0.0) - value / total) for name, value in exact.items() if name != "(none)")
    print(f"marketing-attribution-models, Markov alone: {theirs:.2f} s, {theirs / alone:.1f} times as long as ours")
    print(f"its removal effects differ from ours by {off:.0e} of all at most")


def _markov_alone(walked: Rows[Linked], places: Any) -> Any:
    """What the others are asked for, too: one model, without intervals."""
    states = states_of(places, "touchpoint")
    table = credit._steps(credit._prepared(walked.table), None)
    names = pc.unique(table["touchpoint"])
    only = credit.Counted(names.to_pylist(), None, {}, credit._numbered(table, names), walked.table)
    steps = only.steps_between(states)
    return of_attribution._chain(steps, "conversions", states.count, slice(None)).losses()


def main(events: int, pages: int) -> None:
    # What pandas will change one day is not what is measured.
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        every_measure(Path(folder), events, pages)
        if ENGINE == "duckdb":
            a_report_and_one_a_day_later(Path(folder), events, pages)
        beside_others(Path(folder))


if __name__ == "__main__":
    main(int(os.environ.get("N", "1000000")), int(os.environ.get("PAGES", "500")))
