"""Attribution beside ChannelAttribution and marketing-attribution-models, where the definitions agree.

On ChannelAttribution's own public example of 88,387 paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from milepost.journeys.measures.attribution import attribution
from milepost.journeys.measures.tiers import LINKED, Rows


def installed(library: str, *modules: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not all(find_spec(module) for module in modules), reason=f"{library} is not installed; make bench-journeys"
    )


pytestmark = [
    pytest.mark.long, pytest.mark.peer, installed("ChannelAttribution", "ChannelAttribution", "matplotlib")
]  # fmt: skip
AT = datetime(2026, 1, 5)
HOURS = 20
"""Between two touches of the example, which has no times of its own; the last is at the conversion."""


def example() -> Any:
    import cypack
    import pandas

    (folder,) = cypack.__path__
    return pandas.read_csv(Path(folder) / "data" / "Data.csv", sep=";")


def gone(data: Any) -> Iterator[tuple[list[str], bool]]:
    """Each of the example's paths as often as it was gone, with a conversion or without."""
    for way, won, lost in zip(data["path"], data["total_conversions"], data["total_null"], strict=True):
        for converted in (*[True] * won, *[False] * lost):
            yield way.split(" > "), converted


def ours_of(data: Any) -> dict[tuple[str, str], float]:
    """The conversions that each touchpoint is credited with, by (touchpoint, model)."""
    names = ("reader", "path", "converted", "step", "back", "touchpoint", "at")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for count, (touches, converted) in enumerate(gone(data), 1):
        backs = range(len(touches), 0, -1)
        columns["reader"] += [f"{'ABCDEFGH'[count % 8]}{count}"] * len(touches)
        columns["path"] += [0] * len(touches)
        columns["converted"] += [converted] * len(touches)
        columns["step"] += range(1, len(touches) + 1)
        columns["back"] += backs
        columns["touchpoint"] += touches
        columns["at"] += [AT - timedelta(hours=HOURS * (back - 1)) for back in backs]
    rows = len(columns["path"])
    rest = {"ended": [AT] * rows, "value": pa.nulls(rows, pa.float64()), "currency": pa.nulls(rows, pa.string())}
    walked: Rows[Any] = Rows(ibis.memtable(pa.table({**columns, **rest})), frozenset(LINKED))
    touchpoints = sorted(set(columns["touchpoint"]))
    places = ibis.memtable([{"touchpoint": name, "level": "touchpoint", "place": name} for name in touchpoints])
    return {(row["touchpoint"], row["model"]): row["conversions"] for row in attribution(walked, places)}


@pytest.fixture(scope="module")
def ours() -> dict[tuple[str, str], float]:
    return ours_of(example())


def test_first_last_linear_are_equal_and_markov_is_what_the_simulation_comes_near_to(
    ours: dict[tuple[str, str], float],
) -> None:
    import ChannelAttribution

    data = example()
    theirs = ChannelAttribution.heuristic_models(data, "path", "total_conversions", flg_pro=False)
    for row in theirs.to_dict("records"):
        for model in ("first", "last", "linear"):
            column = f"{model}_touch"
            assert ours[row["channel_name"], model] == pytest.approx(row[column], abs=1e-6), (
                row["channel_name"],
                model,
            )
    simulated = ChannelAttribution.markov_model(
        data, "path", "total_conversions", var_null="total_null", verbose=False, flg_pro=False
    )
    for row in simulated.to_dict("records"):
        exact = ours[row["channel_name"], "markov"]
        if exact > 100:
            assert row["total_conversions"] == pytest.approx(exact, rel=0.1)
    assert ours["alpha", "markov"] == pytest.approx(5344.948, abs=5e-4)


@installed("marketing-attribution-models", "mam")
def test_six_models_are_those_of_marketing_attribution_models(ours: dict[tuple[str, str], float]) -> None:
    import polars
    from mam.core import MAM

    ways = list(gone(example()))
    rows = {
        "journey": [" > ".join(touches) for touches, _ in ways],
        "conversion": [converted for _, converted in ways],
        "hours": [
            " > ".join(str(float(HOURS * back)) for back in range(len(touches) - 1, -1, -1)) for touches, _ in ways
        ],
    }
    journeys = polars.DataFrame({"journey_id": [str(number) for number in range(len(ways))], **rows})
    theirs = MAM(
        df=journeys, format_type="journey", channels_colname="journey", journey_with_conv_colname="conversion",
        time_till_conv_colname="hours",
    )  # fmt: skip
    for model, found in {
        "first": theirs.run_first_click(),
        "last": theirs.run_last_click(),
        "linear": theirs.run_linear(),
        "position": theirs.run_position_based(),
        "time-decay": theirs.run_time_decay(half_life_hours=7 * 24),
    }.items():
        credited = {row["channels"]: row["attribution"] for row in found.to_polars().to_dicts()}
        mine = {name: value for (name, of), value in ours.items() if of == model}
        assert {name: value for name, value in credited.items() if value} == pytest.approx(
            {name: value for name, value in mine.items() if value}, rel=1e-9
        ), model
    # It hands the conversions of Markov out within each path; what both compute is what a channel's removal loses.
    lost = theirs.run_markov().metadata["removal_effect"]["removal_effect"]
    total = sum(converted for _, converted in ways)
    assert {name: value for (name, of), value in ours.items() if of == "markov"} == pytest.approx(
        (lost / lost.sum() * total).to_dict(), rel=1e-9, abs=1e-9
    )
