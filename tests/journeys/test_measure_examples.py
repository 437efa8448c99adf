"""Every measure's docstring has a worked example, and it is true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from datetime import UTC, date, datetime
from typing import Any

import ibis
import pytest
import worked

from milepost.journeys import measures

MODULES = sorted(module.name for module in pkgutil.walk_packages(measures.__path__, f"{measures.__name__}."))
WITHOUT = {"engines", "events", "detector", "states", "tiers", "places", "since", "span", "visits", "obstacles"}
"""What is no question, and has no example: what the questions are made of."""
GIVEN: dict[str, Any] = {
    **{name: getattr(worked, name) for name in ("PLACES", "events", "trodden", "walks")},
    "ibis": ibis, "UTC": UTC, "date": date, "datetime": datetime,
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_a_worked_example_is_true(name: str) -> None:
    module = importlib.import_module(name)
    found = doctest.DocTestFinder().find(module, extraglobs={**GIVEN, **_all_measures()})
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    said: list[str] = []
    for example in found:
        runner.run(example, out=said.append)
    assert "".join(said) == ""
    assert runner.tries or name.rsplit(".", 1)[-1] in WITHOUT, "no worked example"


def _all_measures() -> dict[str, Any]:
    from milepost.journeys.measures.attribution import attribution
    from milepost.journeys.measures.journey_map import beginnings
    from milepost.journeys.measures.zones import on_the_wall

    return {"attribution": attribution, "beginnings": beginnings, "on_the_wall": on_the_wall}
