"""Part of a surface: how often docs, a newsletter or any other surface was on the way to a conversion, and after it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.places import NOWHERE, placed
from milepost.journeys.measures.tally import tallied


def surface_part(steps: ir.Table, paths: ir.Table, places: ir.Table, goal: str, days_after: int = 30) -> ir.Table:
    """What part each surface has in the conversions to a goal: before them, as the first, as the last, and after them.

    Args:
        steps: one row a step of linked readers, see `paths.steps`.
        paths: those to `goal`, one row a touch, see `paths.paths`.
        places: touchpoint, level, place.
        days_after: so long after a conversion a touch counts as after it, > 0.
    Returns:
        one row a surface, most conversions before first: surface, before (conversions with a touch there on their
        path), first and last (those whose first or last touch was there), after (those whose reader had a touch
        there within `days_after`), conversions (all to the goal), and share (before / conversions, 0 to 1).
    Source: docs/journeys, "docs before and after", "the newsletter's part".

    Example:
        Docs (y) are read before one of two signups, and after both.

        >>> given = ("x y signup y", "x signup y")
        >>> for row in surface_part(trodden(*given), walks(*given).table, PLACES, "signup").to_pyarrow().to_pylist():
        ...     print(*row.values())
        blog 2 2 1 0 2 1.0
        docs 1 0 1 2 2 0.5
    """
    won = placed(paths.filter(paths.converted), places, "surface")
    # A path holds all touches since the last conversion: after it is told by time alone.
    per_path = (
        won.filter(won.touchpoint != NOWHERE)
        .group_by("reader", "path", "place")
        .aggregate(first=(won.step == 1).cast("int64").max(), last=(won.back == 1).cast("int64").max())
    )
    before = tallied("surfaces", per_path, "place", before=1, first=per_path["first"], last=per_path["last"])
    goals = won.filter(won.back == 1).select("reader", "path", won_at="ended")
    touches = placed(steps.filter(steps.goal.isnull()), places, "surface").select("reader", "at", "place")
    met = goals.join(
        touches,
        ["reader", touches.at > goals.won_at, touches.at <= goals.won_at + ibis.interval(days=days_after)],
    )
    one = met.select("reader", "path", "place").distinct()
    after = tallied("surfaces after", one, "place", after=1)
    joined = before.outer_join(after, "place")
    total = tallied("surfaces in all", goals, conversions=1).conversions.as_scalar()
    told = joined.select(
        surface=ibis.coalesce(joined.place, joined.place_right),
        **{name: joined[name].fill_null(0) for name in ("before", "first", "last", "after")},
        conversions=total,
    )
    told = told.mutate(share=told.before / told.conversions)
    return told.order_by(told.before.desc(), told.after.desc(), "surface")
