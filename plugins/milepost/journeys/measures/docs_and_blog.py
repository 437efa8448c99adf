"""Docs and blog: whether readers needed one, the other, or both, and which they met first."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from milepost.journeys.measures.places import placed
from milepost.journeys.measures.tally import tallied

USED = (
    ("both", "blog"),
    ("both", "docs"),
    ("blog", "blog"),
    ("docs", "docs"),
    ("neither", "none"),
)
"""Each way that a path can go, as (used, first)."""


def docs_and_blog(paths: ir.Table, places: ir.Table) -> ir.Table:
    """The paths that used docs, blog, both or neither, and how many of them converted.

    Args:
        paths: one row a touch, see `paths.paths`.
        places: touchpoint, level, place.
    Returns:
        one row each of USED, always all of them: used, first (which of the two was met first), paths,
        conversions, rate (conversions of these paths, 0 to 1), share (of all conversions, 0 to 1). What was
        used together; it says nothing of what caused what.
    Source: docs/journeys, "docs and blog".

    Example:
        Of two readers of blog (x) and docs (y), one signs up.

        >>> for row in docs_and_blog(walks("x y signup", "x y").table, PLACES).to_pyarrow().to_pylist():
        ...     print(*row.values())
        both blog 2 1 0.5 1.0
        both docs 0 0 0.0 0.0
        blog blog 0 0 0.0 0.0
        docs docs 0 0 0.0 0.0
        neither none 0 0 0.0 0.0
    """
    at = placed(paths, places, "surface")
    one = at.group_by("reader", "path").aggregate(
        converted=at.converted.any(),
        blog=at.step.min(where=at.place == "blog"),
        docs=at.step.min(where=at.place == "docs"),
    )
    both = one.blog.notnull() & one.docs.notnull()
    blog_first = (ibis.coalesce(one.blog, one.docs) <= ibis.coalesce(one.docs, one.blog)) & one.blog.notnull()
    told = one.mutate(
        used=ibis.cases((both, "both"), (one.blog.notnull(), "blog"), (one.docs.notnull(), "docs"), else_="neither"),
        first=ibis.cases((blog_first, "blog"), (one.docs.notnull(), "docs"), else_="none"),
    )
    counts = tallied("docs and blog", told, "used", "first", paths=1, conversions=told.converted.cast("int64"))
    ways = ibis.memtable(
        {
            "used": [used for used, _ in USED],
            "first": [first for _, first in USED],
            "rank": list(range(len(USED))),
        }
    )
    joined = ways.left_join(counts, ["used", "first"]).drop("used_right", "first_right")
    filled = joined.mutate(paths=joined.paths.fill_null(0), conversions=joined.conversions.fill_null(0))
    rated = filled.mutate(
        rate=(filled.conversions / filled.paths.nullif(0)).fill_null(0.0),
        share=(filled.conversions / filled.conversions.sum().nullif(0)).fill_null(0.0),
    )
    return rated.order_by("rank").select("used", "first", "paths", "conversions", "rate", "share")
