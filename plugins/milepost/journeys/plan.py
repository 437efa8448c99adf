"""The plan, as journeys read it: the objectives that can be measured. The slice that owns the plan reads the file."""

from __future__ import annotations

from typing import Any

from milepost import slices
from milepost.errors import MilepostError
from milepost.journeys.measures.objectives import Objective
from milepost.settings import Settings

OWNER = "touchpoints"


def objectives_of(settings: Settings) -> list[Objective]:
    """The objectives in the site's plan, in its order; none where the site has no plan.

    Raises:
        MilepostError: the plan has faults, which `milepost check` lists.
    """
    reader: Any = slices.part(OWNER, "plan")
    model: Any = slices.part(OWNER, "model")
    file = settings.site.content / settings.of(model.Settings).plan
    plan, faults = reader.read(file)
    if faults:
        raise MilepostError(str(faults[0]))
    return [
        Objective(one.slug, one.title, one.measure, one.target, one.by, one.since)
        for one in plan.objectives
        if not one.missing
    ]
