"""Attribution beside ChannelAttribution, on its own public example of 88,387 paths, where the definitions agree."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from milepost.journeys.measures.attribution import attribution
from milepost.journeys.measures.tiers import LINKED, Rows

pytestmark = [
    pytest.mark.long,
    pytest.mark.peer,
    pytest.mark.skipif(
        not (find_spec("ChannelAttribution") and find_spec("matplotlib")),
        reason="ChannelAttribution is not installed; make bench-journeys",
    ),
]
AT = datetime(2026, 1, 5)


def example() -> Any:
    import cypack
    import pandas

    (folder,) = cypack.__path__
    return pandas.read_csv(Path(folder) / "data" / "Data.csv", sep=";")


def walked_from(data: Any) -> Rows[Any]:
    """Each of the example's paths as often as it was gone, with a conversion or without."""
    columns: dict[str, list[Any]] = {name: [] for name in ("reader", "path", "converted", "step", "back", "touchpoint")}
    count = 0
    for way, won, lost in zip(data["path"], data["total_conversions"], data["total_null"], strict=True):
        touches = way.split(" > ")
        for converted in (*[True] * won, *[False] * lost):
            count += 1
            columns["reader"] += [f"{'ABCDEFGH'[count % 8]}{count}"] * len(touches)
            columns["path"] += [0] * len(touches)
            columns["converted"] += [converted] * len(touches)
            columns["step"] += range(1, len(touches) + 1)
            columns["back"] += range(len(touches), 0, -1)
            columns["touchpoint"] += touches
    rows = len(columns["path"])
    same = {
        "ended": [AT] * rows,
        "at": [AT] * rows,
        "value": pa.nulls(rows, pa.float64()),
        "currency": pa.nulls(rows, pa.string()),
    }
    return Rows(ibis.memtable(pa.table({**columns, **same})), frozenset(LINKED))


def test_first_last_linear_are_equal_and_markov_is_what_the_simulation_comes_near_to() -> None:
    import ChannelAttribution

    data = example()
    names = sorted({touch for way in data["path"] for touch in way.split(" > ")})
    places = ibis.memtable([{"touchpoint": name, "level": "touchpoint", "place": name} for name in names])
    rows = attribution(walked_from(data), places)
    ours = {(row["touchpoint"], row["model"]): row["conversions"] for row in rows}
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
