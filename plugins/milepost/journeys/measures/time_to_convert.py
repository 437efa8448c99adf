"""Time to convert: how long it took, over how many visits and surfaces, and how long nothing was heard."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np

from milepost.journeys.measures.places import NOWHERE, placed
from milepost.journeys.measures.tally import tally_of

SIZES = ("days", "visits", "touches", "surfaces", "silence_days")
QUANTILES = (10, 25, 50, 75, 90)


def lengths(paths: ir.Table, places: ir.Table) -> ir.Table:
    """How long each path that converted was.

    Args:
        paths: one row a touch, see `paths.paths`.
        places: touchpoint, level, place.
    Returns:
        one row a path that converted and had a touch: reader, path, ended, days (first touch to conversion), visits,
        touches, surfaces (different ones), silence_days (the longest time between two touches, or between the last
        and the conversion).
    Source: docs/journeys, "time to convert".
    """
    won = placed(paths.filter(paths.converted, paths.touchpoint != NOWHERE), places, "surface")
    in_path = ibis.window(group_by=["reader", "path"], order_by="step")
    after = ibis.coalesce(won.at.lead().over(in_path), won.ended)
    won = won.mutate(quiet=(after.epoch_seconds() - won.at.epoch_seconds()).cast("float64") / 86_400)
    return won.group_by("reader", "path").aggregate(
        ended=won.ended.max(),
        days=(won.ended.max().epoch_seconds() - won.at.min().epoch_seconds()).cast("float64") / 86_400,
        visits=won.visit.nunique(),
        touches=won.count(),
        surfaces=won.place.nunique(),
        silence_days=won.quiet.max(),
    )


def time_to_convert(paths: ir.Table, places: ir.Table) -> list[dict[str, Any]]:
    """How long the paths that converted were, as a table of quantiles.

    Args:
        paths, places: as for `lengths`.
    Returns:
        one dict each of SIZES: what, paths (how many), mean, p10, p25, p50, p75, p90: the smallest value that so
        many per cent of the paths do not exceed. None where there is no path. Days are whole seconds / 86,400.
    Source: docs/journeys, "time to convert"; quantiles are those of the inverse distribution function (type 1 of
        Hyndman and Fan, 1996), which no engine interpolates differently.

    Example:
        One reader reads x, is away for 60 days, comes back to y and signs up.

        >>> for row in time_to_convert(walks("x +60d y +1d signup").table, PLACES):
        ...     print(row["what"], row["paths"], row["p50"])
        days 1 61.0
        visits 1 2.0
        touches 1 2.0
        surfaces 1 2.0
        silence_days 1 60.0
    """
    table = tally_of("lengths of paths", lengths(paths, places), *SIZES, paths=1)
    times = table["paths"].to_numpy()
    told = {what: np.repeat(table[what].to_numpy().astype(float), times) for what in SIZES}
    return [{"what": what, **_quantiles(np.sort(told[what]))} for what in SIZES]


def _quantiles(values: Any) -> dict[str, Any]:
    count = len(values)
    # By whole numbers: 0.1 * 30 is more than 3.
    picked = {f"p{q}": float(values[max(-(-q * count // 100), 1) - 1]) if count else None for q in QUANTILES}
    return {"paths": count, "mean": float(values.mean()) if count else None, **picked}
