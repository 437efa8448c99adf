"""Obstacles on planted data: what was planted is found, and nothing else, each time with another seed."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import ibis
import pytest
from worked import PLACES, START, events, table_of, trodden

from milepost.journeys.measures.around import around
from milepost.journeys.measures.obstacles.detector import Threshold
from milepost.journeys.measures.obstacles.ranked import DETECTORS, obstacles

VISITS = 4000
PAGES = [f"docs/{n}" for n in range(30)]


def planted(seed: int) -> tuple[list[dict[str, Any]], set[tuple[str, str, str]]]:
    """Rows of a site with some of each obstacle, and which. Everything else is as usual: exits, slow views, noes."""
    made = random.Random(seed)
    dead, slow, unhelpful = (set(made.sample(PAGES, 3)) for _ in range(3))
    loops = {tuple(sorted(made.sample([page for page in PAGES if page not in dead], 2))) for _ in range(3)}
    truth = {
        *(("dead-end", page, "") for page in dead), *(("slow", page, "lcp") for page in slow),
        *(("unhelpful", page, "") for page in unhelpful), *(("back-and-forth", *pair) for pair in loops),
        *(("search", "search", query) for query in ("refund", "sso", "export")),
        *(("not-found", "error/404", path) for path in ("/old", "/gone", "/typo")),
        ("form", "docs/0", "order"),
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for visit in range(VISITS):
        said = _visit(made, dead, slow, unhelpful, sorted(loops))
        person = f"{made.choice('ABCDEFGHIJKLMNOP')}{visit:021d}"
        at = START + timedelta(minutes=visit * 7)
        for number, one in enumerate(said):
            identified = {"id": len(rows).to_bytes(16), "tier": "consented", "person": person}
            rows.append({**identified, "at": at + timedelta(minutes=number), **one})
    return rows, truth


def _visit(
    made: random.Random, dead: set[str], slow: set[str], unhelpful: set[str], loops: list[tuple[str, str]]
) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    page = made.choice(PAGES)
    for _ in range(8):
        said.append({"type": "view", "touchpoint": page})
        if made.random() < 0.3:
            said.append(
                {
                    "type": "vitals",
                    "touchpoint": page,
                    "lcp": 4000.0 if made.random() < (0.6 if page in slow else 0.1) else 1200.0,
                }
            )
        if made.random() < 0.2:
            no = made.random() < (0.7 if page in unhelpful else 0.12)
            said.append({"type": "helpful", "touchpoint": page, "answer": "no" if no else "yes"})
        if made.random() < (0.93 if page in dead else 0.35):
            break
        pair = next((pair for pair in loops if page in pair), None)
        if pair and made.random() < 0.7:
            other = pair[1 - pair.index(page)]
            said += [{"type": "view", "touchpoint": one} for one in (other, page, other)]
            page = other
        page = made.choice([one for one in PAGES if one != page])
    rare = made.random()
    if rare < 0.05:
        query = made.choice(["refund", "sso", "export", "install", "theme", f"once {made.random()}"])
        found = 0 if query in ("refund", "sso", "export") or "once" in query else 5
        said.append({"type": "search", "touchpoint": page, "query": query, "results": float(found)})
    elif rare < 0.08:
        path = made.choice(["/old", "/gone", "/typo", f"/once-{made.random()}"])
        said.append({"type": "not-found", "touchpoint": "error/404", "path": path, "referrer": "x.example"})
    elif rare < 0.16:
        form = made.choice(["order", "newsletter"])
        steps = ["started"] if made.random() < (0.9 if form == "order" else 0.2) else ["started", "sent"]
        said += [{"type": "form", "touchpoint": "docs/0", "form": form, "form_step": step} for step in steps]
        if form == "newsletter" and "sent" in steps:
            said.append({"type": "signup", "touchpoint": "docs/0"})
    return said


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 21), marks=pytest.mark.long)], ids=["one", "twenty"])
def test_what_was_planted_is_found_and_nothing_else(seeds: range) -> None:
    hits: Counter[str] = Counter()
    for seed in seeds:
        rows, truth = planted(seed)
        found = {(row["obstacle"], row["touchpoint"], row["what"]) for row in obstacles(table_of(rows), PLACES)}
        assert {name for name, _, _ in truth} == set(DETECTORS)
        for name in DETECTORS:
            mine, real = ({one for one in some if one[0] == name} for some in (found, truth))
            hits.update({"right": len(mine & real), "found": len(mine), "planted": len(real)})
    assert hits["right"] / hits["found"] >= 0.95, "precision"
    assert hits["right"] / hits["planted"] >= 0.95, "recall"


def test_a_threshold_can_be_set_and_downstream_counts_only_what_came_after_within_the_lookback() -> None:
    given = events("search:sso:0 signup signup", "x signup search:sso:0", "search:sso:0 +500d y signup")
    (row,) = obstacles(given, PLACES)
    assert (row["tries"], row["failed"], row["people"], row["downstream"]) == (3, 3, 3, 2)
    assert obstacles(given, PLACES, {"search": Threshold(4, 0.5)}) == []
    assert obstacles(given, PLACES, lookback_days=600)[0]["downstream"] == 3


def test_ways_around_a_place_add_up_to_every_time_at_it() -> None:
    made = random.Random(3)
    given = [" ".join(made.choices(["x", "y", "z", "w", "v", "signup", "+90d z"], k=9)) for _ in range(60)]
    steps = trodden(*given)
    for way in ("after", "before"):
        for within in ("visit", "journey"):
            rows = around(steps, PLACES_5, "z", way=way, length=4, most=2, within=within)  # type: ignore[arg-type]
            ways = {tuple(row["way"]): row["times"] for row in rows}
            assert sum(row["share"] for row in rows if len(row["way"]) == 1) == pytest.approx(1.0)
            assert any("(other)" in way for way in ways)
            assert max(map(len, ways)) == 4
            for one, times in ways.items():
                below = [count for other, count in ways.items() if other[:-1] == one]
                goes_on = len(one) < 4 and one[-1] not in ("(left)", "(came)", "(other)")
                assert sum(below) == (times if goes_on else 0)


PLACES_5 = ibis.memtable(
    [{"touchpoint": touchpoint, "level": "touchpoint", "place": touchpoint} for touchpoint in "xyzwv"]
)
