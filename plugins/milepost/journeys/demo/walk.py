"""Readers walk the chain, all at once: who was where, when, and what came of it. Knows no event and no file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from milepost.journeys.demo.chain import AFTER_SIGNUP, LETTER, Chain, Floats

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAYS = 365
STEPS = 60
DAY, SECOND = 86_400_000_000, 1_000_000
NONE, SIGNUP, ORDER = 0, 1, 2


@dataclass(frozen=True)
class Walk:
    """One entry a touch, ordered by person and time.

    person, visit and step: numbers from 0; `visit` counts over all persons. place: an index into the chain's places.
    at: microseconds since the first midnight. outcome: what came of the touch at once, NONE, SIGNUP or ORDER.
    known: whether it was after a signup. first: whether the visit began with it.
    """

    person: Ints
    visit: Ints
    step: Ints
    place: Ints
    at: Ints
    outcome: Ints
    known: Flags
    first: Flags

    def before(self) -> Ints:
        """The place of the touch before it in the same visit, -1 where it is the first."""
        return np.where(self.first, -1, np.roll(self.place, 1))


def walked(chain: Chain, people: int, random: np.random.Generator) -> Walk:
    """`people` readers from their first touch to their last, within DAYS days, so that no journey is cut off."""
    rows = _steps(chain, people, random)
    order = np.lexsort((rows[1], rows[0]))
    person, step, place, outcome, known, silent = (column[order] for column in rows)
    first = silent.astype(bool)
    first[step == 0] = True
    visit = np.cumsum(first) - 1
    at = _times(person, step, first, people, random)
    return Walk(person, visit, step, place, at, outcome, known.astype(bool), first)


def _steps(chain: Chain, people: int, random: np.random.Generator) -> tuple[Ints, ...]:
    """(person, step, place, outcome, known, after a silence), step after step of everybody who still walks."""
    size, letters = len(chain.places), chain.places.index(LETTER)
    later, ends = chain.after_signup()
    nothing = np.zeros((size, 1))
    before = np.hstack([chain.onward, chain.signup[:, None], nothing, chain.end[:, None]]).cumsum(1)
    after = np.hstack([later, nothing, chain.order[:, None], ends[:, None]]).cumsum(1)
    who = np.arange(people)
    place = np.searchsorted(chain.start.cumsum(), random.random(people)).clip(max=size - 1)
    known = silent = np.zeros(people, int)
    found: list[tuple[Ints, ...]] = []
    for step in range(STEPS):
        rows = np.where(known[:, None] == 1, after[place], before[place])
        drawn = (rows < random.random(len(who))[:, None]).sum(1).clip(max=size + 2)
        outcome = np.select([drawn == size, drawn == size + 1], [SIGNUP, ORDER], NONE)
        found.append((who, np.full(len(who), step), place, outcome, known, silent))
        on = (drawn < size) | ((outcome == SIGNUP) & (random.random(len(who)) < AFTER_SIGNUP))
        next_place = np.where(outcome == SIGNUP, letters, drawn)[on]
        silent = (random.random(on.sum()) < chain.silent[place[on], next_place]).astype(int)
        who, known, place = who[on], known[on] | (outcome[on] == SIGNUP), next_place
        if not len(who):
            break
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def _times(person: Ints, step: Ints, first: Flags, people: int, random: np.random.Generator) -> Ints:
    """When each touch was. Visits begin on different days, between 7 and 22 o'clock; touches are minutes apart."""
    count = len(person)
    which = random.random(count)
    spans = np.select([which < 0.6, which < 0.85], [random.integers(1, 15, count), random.integers(15, 91, count)], 0)
    spans = np.where(spans == 0, random.integers(91, 241, count), spans)
    gap = np.where(first & (step > 0), spans, 0)
    total = np.bincount(person, gap, people)
    returns = np.bincount(person, gap > 0, people)
    # What would not fit into the year is shortened, to one day at least.
    fits = np.where(total > DAYS - 5, (DAYS - 5 - returns) / np.maximum(total - returns, 1), 1.0)
    gap = np.where(gap > 0, 1 + np.floor((gap - 1) * fits[person]), 0).astype(np.int64)
    total = np.bincount(person, gap, people)
    begin = np.floor((DAYS - total) * random.random(people) ** 0.85).astype(np.int64)
    day = begin[person] + _running(gap, step == 0)
    of_visit = np.cumsum(first) - 1
    hour = (random.beta(2.2, 2.0, of_visit[-1] + 1) * 15 + 7)[of_visit]
    pause: Floats = np.exp(random.normal(np.log(75), 0.8, count)).clip(8, 1500)
    within = _running(np.where(first, 0, pause * SECOND).astype(np.int64), first)
    return np.asarray(day * DAY + hour * 3600 * SECOND + within, dtype=np.int64)


def _running(values: Ints, begins: Flags) -> Ints:
    """Running sums that begin anew wherever `begins` is true."""
    sums = np.cumsum(values)
    before = np.where(begins, sums - values, 0)
    return np.asarray(sums - np.maximum.accumulate(before), dtype=np.int64)
