"""Reading: how one page is read, by whom, for how long, and how far down."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from milepost.journeys.measures.tiers import readers, unlinked
from milepost.journeys.measures.visits import visits
from milepost.journeys.model import TIERS

DEPTHS = (25, 50, 75, 90)
"""So far down, in per cent of the page; the end of a page is often below what anybody reads."""
ALL = "all"


def reading(events: ir.Table, touchpoint: str) -> list[dict[str, Any]]:
    """How one touchpoint is read, by tier and altogether.

    Args:
        events: one row an event of a reader: id, at, type, touchpoint, tier, visit, person, seconds, depth.
        touchpoint: its id.
    Returns:
        one dict a tier, from least to most that is allowed, and one for ALL: tier; views, visits, people and
        engaged_seconds, as `reach` has them; told (readings of which the depth is known: a visit is one, and so is each
        event of those of whom no visit may be known); reached_25 to reached_90 (how many of those came so far down, in
        per cent of the page, at least once).
    Source: docs/measures, "reading".

    Example:
        >>> for row in reading(events("x engage:9:30 x engage:9:80 y", "y x"), "x")[-2:]:
        ...     print(*row.values())
        known 0 0 0 0.0 0 0 0 0 0
        all 3 2 2 18.0 1 1 1 1 0
    """
    mine = _readings(events, touchpoint)
    by_tier = {row["tier"]: row for row in _counted(mine, "tier")}
    (whole,) = _counted(mine.mutate(tier=ibis.literal(ALL)), "tier") or [_nothing(ALL)]
    return [*(by_tier.get(tier, _nothing(tier)) for tier in TIERS), whole]


def _readings(events: ir.Table, touchpoint: str) -> ir.Table:
    """The views and engagements there, with the number of the visit, or what stands for one where none may be known."""
    columns = ("id", "tier", "type", "touchpoint", "reader", "person", "visit", "seconds", "depth")
    linked = readers(events)
    here = linked.filter(linked.touchpoint == touchpoint)
    # Visits are numbered over all that a reader did, but only of those who came here.
    numbered = visits(linked.semi_join(here.select("reader").distinct(), "reader")).select(*columns)
    rest = unlinked(events).mutate(visit=ibis.null("int64")).select(*columns)
    rows = numbered.union(rest).filter(_.touchpoint == touchpoint, _.type.isin(("view", "engage")))
    return rows.mutate(alone=rows.reader.isnull().ifelse(rows.id, ibis.null("binary")))


def _counted(rows: ir.Table, by: str) -> list[dict[str, Any]]:
    each = rows.group_by(by, "reader", "person", "visit", "alone").aggregate(
        views=(rows.type == "view").cast("int64").sum(),
        seconds=rows.seconds.sum().fill_null(0.0),
        depth=rows.depth.max(),
    )
    viewed = each.views > 0
    counts = each.group_by(by).aggregate(
        views=each.views.sum(),
        visits=each.count(where=viewed & each.reader.notnull()),
        people=each.person.nunique(where=viewed),
        engaged_seconds=each.seconds.sum(),
        told=each.depth.notnull().cast("int64").sum(),
        **{f"reached_{depth}": (each.depth >= depth).fill_null(False).cast("int64").sum() for depth in DEPTHS},
    )
    found: list[dict[str, Any]] = counts.to_pyarrow().to_pylist()
    return found


def _nothing(tier: str) -> dict[str, Any]:
    counts = dict.fromkeys(("views", "visits", "people"), 0)
    return {"tier": tier, **counts, "engaged_seconds": 0.0, "told": 0, **{f"reached_{depth}": 0 for depth in DEPTHS}}
