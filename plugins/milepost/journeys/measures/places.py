"""At which place of a level a row's touchpoint is."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

NOWHERE = "(none)"


def placed(table: ir.Table, places: ir.Table, by: str) -> ir.Table:
    """The same rows with `place`: where `touchpoint` is at level `by`, NOWHERE when it is not placed.

    Args:
        table: any grain, with `touchpoint`.
        places: touchpoint, level, place.
    Returns:
        one row for each row and place of it: a touchpoint with two topics is at both.
    """
    if by == "touchpoint":
        return table.mutate(place=table.touchpoint)
    here = places.filter(places.level == by).select("touchpoint", "place")
    joined = table.left_join(here, "touchpoint").drop("touchpoint_right")
    return joined.mutate(place=ibis.coalesce(joined.place, NOWHERE))
