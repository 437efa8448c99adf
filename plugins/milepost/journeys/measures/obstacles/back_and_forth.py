"""Back and forth: two pages between which readers go to and fro, because neither alone has what they need."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.obstacles.detector import COLUMNS, Detector, Threshold


def back_and_forth(steps: ir.Table, places: ir.Table) -> ir.Table:
    """Each visit that went from one page of a pair to the other: failed when it went there, back, and there again.

    Args:
        steps: one row a step of readers from visited up, see `paths.steps`.
        places: touchpoint, level, place. Listings are made for going back to, and are left out.
    Returns:
        tries, see `detector.COLUMNS`; of a pair, touchpoint is the first by name and what the other.
    Source: docs/journeys, "obstacles".

    Example:
        >>> for given in ("x y x y", "x y x"):
        ...     (row,) = back_and_forth(trodden(given), PLACES).to_pyarrow().to_pylist()
        ...     print(row["touchpoint"], row["what"], row["failed"])
        x y True
        x y False
    """
    touches = steps.filter(steps.goal.isnull())
    listings = places.filter((places.level == "kind") & places.place.isin(("listing", "search"))).touchpoint
    touches = touches.filter(~touches.touchpoint.isin(listings))
    order = ibis.window(group_by=["reader", "visit"], order_by="number")
    near = touches.mutate(**{f"next_{number}": touches.touchpoint.lead(number).over(order) for number in (1, 2, 3)})
    pairs = near.filter(near.next_1.notnull(), near.next_1 != near.touchpoint)
    again = (pairs.next_2 == pairs.touchpoint) & (pairs.next_3 == pairs.next_1)
    named = pairs.mutate(
        one=ibis.least(pairs.touchpoint, pairs.next_1),
        other=ibis.greatest(pairs.touchpoint, pairs.next_1),
        again=again.fill_null(False).cast("int64"),
    )
    per_visit = named.group_by("reader", "visit", "one", "other").aggregate(
        failed=named.again.max() > 0, person=named.person.max(), at=named.at.max()
    )
    told = per_visit.mutate(touchpoint=per_visit.one, what=per_visit.other, example=per_visit.other)
    return told.select(*COLUMNS)


BACK_AND_FORTH = Detector(
    "back-and-forth",
    back_and_forth,
    Threshold(5, 0.2),
    "Of the visits that went from one page to the other, surely more than 20 % went there, back, and there again.",
    "Bring what is needed together: let {touchpoint} say what readers go to {what} for, or the other way round.",
    reads="steps",
)
