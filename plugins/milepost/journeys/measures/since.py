"""Since: only what readers did who did something since an earlier run, for measures whose tallies are known of then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis.expr.types as ir

from milepost.journeys.measures.engines import engine_of, kept
from milepost.journeys.measures.events import Opened, events_of, opened_of
from milepost.journeys.measures.tally import BEFORE
from milepost.journeys.measures.tiers import LINKED
from milepost.journeys.model import Visited


def opened_files(files: Sequence[str], touchpoints: Iterable[Mapping[str, Any]]) -> Opened:
    """`events.opened` for these files of an archive, on DuckDB."""
    engine = engine_of("duckdb")
    rows = engine.files(files)
    return opened_of(events_of(engine, rows), rows, touchpoints)


def opened_since(
    earlier: Sequence[str], new: Sequence[str], touchpoints: Iterable[Mapping[str, Any]], seen: Iterable[str]
) -> Opened:
    """What a `tally.Ledger` with a base is fed with.

    Args:
        earlier: the files that the base was made of. new: those that came since.
        touchpoints: the list in `touchpoints.json`.
        seen: the touchpoints that events in the earlier files name.
    Returns:
        events: those in new files; and of their readers, those in earlier files: once as they are, and once with
        BEFORE after the names of the readers. bots: how many events of known bots are in new files.
    """
    engine = engine_of("duckdb")
    came = engine.files(new)
    now = kept(events_of(engine, came))
    before = kept(events_of(engine, _of_their_readers(engine.files(earlier), came)))
    marked = before.mutate(person=before.person + BEFORE, visit=before.visit + BEFORE)
    return opened_of(kept(now.union(before, marked)), came, touchpoints, seen)


def _of_their_readers(earlier: ir.Table, came: ir.Table) -> ir.Table:
    """The earlier events of the readers who have new ones, see `tiers.readers`."""
    came = came.filter(came.bot.isnull())
    linked, visited = (rows.filter(rows.tier.isin(names)) for rows, names in ((came, LINKED), (came, (Visited.name,))))
    by_person = earlier.filter(earlier.tier.isin(LINKED)).semi_join(linked.select("person").distinct(), "person")
    by_visit = earlier.filter(earlier.tier == Visited.name).semi_join(visited.select("visit").distinct(), "visit")
    return by_person.union(by_visit)
