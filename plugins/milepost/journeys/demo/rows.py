"""The demo's events as the archive has them: whose each is, by the tiers of consent, with some robots among them.

Knows the archive's columns, and neither its folder nor its manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from milepost.journeys.columns import archive_schema
from milepost.journeys.demo.chain import Chain
from milepost.journeys.demo.happenings import Happened, as_text, happenings
from milepost.journeys.demo.walk import SECOND, Ints, Walk
from milepost.journeys.measures.jackknife import ALPHABET

COUNTED, VISITED, CONSENTED = 0, 1, 2
SHARES = (0.14, 0.46, 0.4)
"""How many people are of each tier, in that order; consented ones are known once they have signed up."""
BOTS = ("Googlebot", "GPTBot", "ClaudeBot", "bingbot")
_BOT_SHARE = 0.06
_VERSION, _VARIANT = 0x70, 0x80


def rows_of(chain: Chain, walk: Walk, midnight: int, host: str, random: np.random.Generator) -> pa.Table:
    """A table of `archive_schema()`, ordered by person and time.

    Args:
        midnight: microseconds since 1970 of the walk's first midnight, UTC.
    """
    readers = _Readers(walk, random)
    parts = [_part(chain, walk, readers, one, midnight) for one in happenings(chain, walk, host, random)]
    columns = [field.name for field in archive_schema() if field.name != "id"]
    whole = {name: [value for part in parts for value in part[name]] for name in columns}
    for bot in _bots(chain, midnight, int(_BOT_SHARE * len(whole["at"])), random):
        for name in columns:
            whole[name].append(bot.get(name))
    at = np.array(whole["at"])
    table = pa.table(
        [_ids(at, random), *(pa.array(whole[field.name], field.type) for field in list(archive_schema())[1:])],
        schema=archive_schema(),
    )
    return table.sort_by([("person", "ascending"), ("at", "ascending"), ("id", "ascending")])


class _Readers:
    """Of each person a tier and an id, of each visit a key."""

    def __init__(self, walk: Walk, random: np.random.Generator) -> None:
        people, visits = int(walk.person[-1]) + 1, int(walk.visit[-1]) + 1
        self.tier = random.choice(3, people, p=SHARES)
        letters = np.array(list(ALPHABET))
        drawn = random.integers(0, 64, (people, 22))
        # 128 bits leave two for the last of 22 characters.
        drawn[:, -1] = drawn[:, -1] // 16 * 16
        self.ids = ["".join(row) for row in letters[drawn].tolist()]
        self.keys = [bytes(row) for row in random.integers(0, 256, (visits, 16), dtype=np.uint8)]


def _part(chain: Chain, walk: Walk, readers: _Readers, one: Happened, midnight: int) -> dict[str, list[Any]]:
    """The columns of one type of event, but for its id."""
    touch = one.touch
    wins = one.type in ("signup", "order")
    person, visit = walk.person[touch].tolist(), walk.visit[touch].tolist()
    of_person = readers.tier[walk.person[touch]]
    known = (of_person == CONSENTED) & (walk.known[touch] | wins)
    # What is confirmed by mail or paid elsewhere is nobody's without a yes.
    tiers = np.where(wins & (of_person == VISITED), COUNTED, of_person)
    names = np.where(known, "known", np.array(["counted", "visited", "consented"])[tiers]).tolist()
    at = midnight + walk.at[touch] + one.after
    count, values = len(touch), one.value
    return {
        "at": at.tolist(),
        "received": (at + 2 * SECOND).tolist(),
        "type": [one.type] * count,
        "touchpoint": [chain.places[place] for place in walk.place[touch].tolist()],
        "tier": names,
        "visit": [
            readers.keys[number] if tier in ("visited", "consented") else None
            for number, tier in zip(visit, names, strict=True)
        ],
        "person": [
            readers.ids[number] if tier in ("consented", "known") else None
            for number, tier in zip(person, names, strict=True)
        ],
        "goal": [one.goal] * count,
        "value": [None] * count if values is None else values.tolist(),
        "currency": [None if values is None else "EUR"] * count,
        "bot": [None] * count,
        "data": [as_text(data) for data in one.data] if one.data else [None] * count,
    }


def _bots(chain: Chain, midnight: int, count: int, random: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Views by robots, which no measure counts."""
    places, names = random.integers(0, len(chain.places) - 1, count), random.integers(0, len(BOTS), count)
    ats = random.integers(0, 364 * 86_400, count) * SECOND + midnight
    for place, name, at in zip(places.tolist(), names.tolist(), ats.tolist(), strict=True):
        yield {
            "at": at, "received": at, "type": "view", "touchpoint": chain.places[place], "tier": "counted",
            "bot": BOTS[name],
        }  # fmt: skip


def _ids(at: Ints, random: np.random.Generator) -> pa.Array:
    """UUIDv7: the milliseconds, and random digits around version and variant."""
    ids = random.integers(0, 256, (len(at), 16), dtype=np.uint8)
    ids[:, :6] = (at // 1000).astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
    ids[:, 6] = ids[:, 6] & 0x0F | _VERSION
    ids[:, 8] = ids[:, 8] & 0x3F | _VARIANT
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(at), [None, pa.py_buffer(ids.tobytes())])
