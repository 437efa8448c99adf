"""Every obstacle that the detectors find, those first that most conversions had to pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from milepost.journeys.measures.conversions import goal_of
from milepost.journeys.measures.engines import kept
from milepost.journeys.measures.obstacles.back_and_forth import BACK_AND_FORTH
from milepost.journeys.measures.obstacles.dead_ends import DEAD_ENDS
from milepost.journeys.measures.obstacles.detector import Detector, Threshold
from milepost.journeys.measures.obstacles.forms import FORMS
from milepost.journeys.measures.obstacles.not_found import NOT_FOUND
from milepost.journeys.measures.obstacles.searches import SEARCHES
from milepost.journeys.measures.obstacles.slow import SLOW
from milepost.journeys.measures.obstacles.unhelpful import UNHELPFUL
from milepost.journeys.measures.paths import steps_of_readers
from milepost.journeys.measures.tally import is_kept, tally_of
from milepost.journeys.measures.tiers import linked
from milepost.journeys.measures.visits import numbered

DETECTORS = {one.name: one for one in (NOT_FOUND, SEARCHES, FORMS, DEAD_ENDS, BACK_AND_FORTH, UNHELPFUL, SLOW)}
EXAMPLES = 3
_Z = 1.6448536269514722  # one side, 95 %


def obstacles(
    events: ir.Table,
    places: ir.Table,
    thresholds: Mapping[str, Threshold] | None = None,
    lookback_days: int = 400,
) -> list[dict[str, Any]]:
    """What stopped readers, by the detectors of DETECTORS.

    Args:
        events: one row an event of a reader, of every tier, with the columns that the detectors name.
        places: touchpoint, level, place.
        thresholds: by the name of a detector, where another than its own is wanted.
        lookback_days: a conversion later than this after the obstacle is not downstream of it, > 0.
    Returns:
        one dict an obstacle, most `downstream` first, then most `failed`: obstacle (name of the detector),
        touchpoint, what; tries, failed, share (0 to 1); downstream (conversions, to any goal, of consented and known
        readers after they first met it: so many had to come past it), people (how many of them met it); examples
        (up to EXAMPLES different ones, most frequent first); definition and remedy (sentences).
    Source: docs/journeys, "obstacles"; Wilson, "Probable Inference" (1927), for the lower bound.

    Example:
        >>> given = ["search:refund:0 y signup", "search:refund:0", "search:Refund:0"]
        >>> (row,) = obstacles(events(*given), PLACES)
        >>> row["obstacle"], row["what"], row["failed"], row["downstream"]
        ('search', 'refund', 3, 1)
        >>> row["remedy"]
        'Write the page that answers "refund", or use these words on the one that does.'
    """
    found: list[dict[str, Any]] = []
    known = numbered(events)
    won = linked(known)
    won = won.mutate(goal=goal_of(won)).filter(lambda rows: rows.goal.notnull())
    won = kept(won.select("reader", won_at="at"))
    rows = {"events": events, "visits": known, "steps": steps_of_readers(events)}
    for detector in DETECTORS.values():
        threshold = (thresholds or {}).get(detector.name, detector.threshold)
        tries = kept(detector.tries(rows[detector.reads], places))
        judged = _judged(detector, tries, threshold)
        # What is an obstacle tomorrow must be known of today.
        if judged or is_kept():
            found += _told(detector, tries, judged, won, lookback_days)
    key = ("obstacle", "touchpoint", "what")
    return sorted(found, key=lambda row: (-row["downstream"], -row["failed"], *(row[name] for name in key)))


def _judged(detector: Detector, tries: ir.Table, threshold: Threshold) -> list[dict[str, Any]]:
    failed = tries.failed.cast("int64")
    counts = tally_of(f"tries of {detector.name}", tries, "touchpoint", "what", tries=1, failed=failed)
    enough = counts.filter(pc.greater_equal(counts["failed"], threshold.least)).to_pylist()
    return [row for row in enough if _lower_bound(row["failed"], row["tries"]) > threshold.share]


def _lower_bound(failed: int, tries: int) -> float:
    share, spread = failed / tries, _Z**2 / tries
    root = (share * (1 - share) / tries + spread / (4 * tries)) ** 0.5
    return float((share + spread / 2 - _Z * root) / (1 + spread))


def _told(
    detector: Detector, tries: ir.Table, rows: list[dict[str, Any]], won: ir.Table, lookback_days: int
) -> list[dict[str, Any]]:
    """The rows with what was met downstream, examples and words."""
    keys = ("touchpoint", "what")
    failed = tries.filter(tries.failed)
    if not is_kept():
        wanted = ibis.memtable([{key: row[key] for key in keys} for row in rows])
        failed = failed.semi_join(wanted, keys)
    failed = kept(failed)
    met = failed.filter(failed.person.notnull()).group_by(*keys, reader="person").aggregate(met_at=failed.at.min())
    people = _counted(f"people of {detector.name}", met)
    near = met.join(
        won,
        [
            met.reader == won.reader, won.won_at >= met.met_at,
            won.won_at <= met.met_at + ibis.interval(days=lookback_days),
        ],
    )  # fmt: skip
    after = _counted(f"wins after {detector.name}", near)
    examples = _examples(detector, failed, rows)
    told = []
    for row in rows:
        at = row["touchpoint"], row["what"]
        words = {"touchpoint": row["touchpoint"], "what": row["what"]}
        told.append(
            {
                "obstacle": detector.name,
                **words,
                "tries": row["tries"],
                "failed": row["failed"],
                "share": row["failed"] / row["tries"],
                "downstream": after.get(at, 0),
                "people": people.get(at, 0),
                "examples": examples.get(at, []),
                "definition": detector.definition,
                "remedy": _filled(detector.remedy, words),
            }
        )
    return told


def _counted(name: str, table: ir.Table) -> dict[tuple[str, str], int]:
    rows = tally_of(name, table, "touchpoint", "what", times=1).to_pylist()
    return {(row["touchpoint"], row["what"]): row["times"] for row in rows}


def _examples(detector: Detector, failed: ir.Table, rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[str]]:
    seen = failed.filter(failed.example.notnull())
    name = f"examples of {detector.name}"
    counts = tally_of(name, seen, "touchpoint", "what", "example", times=1)
    # There may be many examples of what is no obstacle.
    at = {row["touchpoint"] for row in rows}
    mine = counts.filter(
        pc.is_in(counts["touchpoint"].cast(pa.string()), pa.array(sorted(at), pa.string()))
    ).to_pylist()
    found: dict[tuple[str, str], list[str]] = {}
    for row in sorted(mine, key=lambda row: (-row["times"], row["example"])):
        told = found.setdefault((row["touchpoint"], row["what"]), [])
        if len(told) < EXAMPLES:
            told.append(row["example"])
    return found


def _filled(remedy: str, words: Mapping[str, str]) -> str:
    # Not format(): what readers typed may hold braces, and is put in last.
    return remedy.replace("{touchpoint}", words["touchpoint"]).replace("{what}", words["what"])
