"""The demo's truth: which pages cause conversions, what stands in readers' way, and the chain that they walk.

A reader goes from place to place by fixed chances, and converts at a place by its hazard, whatever came before. So what a
measure should find is known in closed form, before anybody walks. Knows no time, no event and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from milepost.errors import MilepostError

Floats = NDArray[np.float64]

LETTER = "newsletter/letters"
"""The mails that bring readers back; no page, so in no touchpoints.json."""
LOST, SEARCH, HOME = "site/404", "site/search", "blog/index"
END, SILENCE = 0.2, 0.18
AFTER_SIGNUP = 0.6
"""How many of those who signed up are met again."""
LEAST = {"article": 3, "doc": 6, "page": 1}


class Planted(NamedTuple):
    """One obstacle: of what kind, at which touchpoint, and what tells it from others there."""

    kind: str
    touchpoint: str
    detail: str = ""


@dataclass(frozen=True)
class Chain:
    """Places and chances. Row i of `onward` is where a reader at place i goes, by chance; its sum and the chances to
    convert (`signup`) and to `end` are 1. `silent` is the chance that a step is made after a silence of days."""

    places: tuple[str, ...]
    start: Floats
    onward: Floats
    end: Floats
    signup: Floats
    order: Floats
    """The chance that somebody who has signed up orders at a place; in place of going on."""
    silent: Floats
    causes: Mapping[str, float]
    obstacles: tuple[Planted, ...]

    def after_signup(self) -> tuple[Floats, Floats]:
        """`onward` and `end` for those who have signed up: they convert no more."""
        left = (1 - self.order)[:, None] * self.onward / (1 - self.signup)[:, None]
        return left, 1 - left.sum(1) - self.order

    def shares(self) -> dict[str, dict[str, float]]:
        """By model, the share of all signups that each place is to be credited with, 0 to 1.

        `first` and `last` as defined; `markov` the removal effects in the limit of infinitely many readers, where the
        paths of those who go on after a signup count as paths that have not converted.
        """
        meets = _inverse(self.onward)
        visits = self.start @ meets
        rate = float(visits @ self.signup)
        letters = AFTER_SIGNUP * rate * (np.array(self.places) == LETTER)
        later, _ = self.after_signup()
        again = letters @ _inverse(later)
        met = visits + again
        both = (visits[:, None] * self.onward + again[:, None] * later) / met[:, None]
        from_all = _inverse(both)
        reach = from_all @ (visits * self.signup / met)
        effect = (self.start + letters) @ from_all / np.diag(from_all) * reach
        return {
            "first": self._named(self.start * (meets @ self.signup) / rate),
            "last": self._named(visits * self.signup / rate),
            "markov": self._named(effect / effect.sum()),
        }

    def _named(self, values: Floats) -> dict[str, float]:
        return {place: round(float(value), 6) for place, value in zip(self.places, values, strict=True)}


def chain_of(touchpoints: Sequence[Mapping[str, Any]], seed: int) -> Chain:
    """A chain over the site's own pages: which of them cause what is settled by their order, all else by `seed`.

    Raises:
        MilepostError: when the site has too few pages to plant anything in.
    """
    pages = {kind: sorted(str(one["id"]) for one in touchpoints if one["kind"] == kind) for kind in LEAST}
    for kind, least in LEAST.items():
        if len(pages[kind]) < least:
            raise MilepostError(
                f"the site has {len(pages[kind])} of kind {kind}, and the demo needs {least}; "
                "write more, or run it on Milepost's own site"
            )
    articles, docs, plain = pages["article"], pages["doc"], pages["page"]
    places = (*articles, *docs, *plain, HOME, SEARCH, LOST, LETTER)
    causes = {articles[0]: 0.05, docs[-1]: 0.08, plain[0]: 0.06}
    slow, dead, unhelpful, broken, there, back = docs[0], docs[1], docs[2], articles[1], docs[3], docs[4]
    obstacles = (
        Planted("dead-end", dead),
        Planted("not-found", LOST, f"/{broken.rpartition('/')[2]}/old-guide/"),
        Planted("search", SEARCH, "refund"),
        Planted("back-and-forth", there, back),
        Planted("form", plain[0], "contact"),
        Planted("slow", slow),
        Planted("unhelpful", unhelpful),
    )
    at = {place: number for number, place in enumerate(places)}
    return _settled(places, at, causes, obstacles, (at[broken], at[there], at[back], at[dead]), seed)


def _settled(
    places: tuple[str, ...], at: Mapping[str, int], causes: Mapping[str, float], obstacles: tuple[Planted, ...],
    planted: tuple[int, int, int, int], seed: int,
) -> Chain:  # fmt: skip
    broken, there, back, dead = planted
    random, size = np.random.default_rng([seed, 1]), len(places)
    popular = 1 / np.arange(2, size + 2) ** 0.6
    random.shuffle(popular)
    met = [at[place] for place in causes] + [at[one.touchpoint] for one in obstacles] + [broken, back]
    popular[met] = np.maximum(popular[met], np.median(popular))
    popular[at[HOME]], popular[at[SEARCH]] = popular.max() * 2, popular.max()
    surface = np.array([place.split("/")[0] for place in places])
    near = np.where(surface[:, None] == surface, 3.0, 1.0) * popular
    near *= np.where(random.random((size, size)) < 0.08, 6.0, 1.0)
    near[:, at[LETTER]] = 0.02 * near.sum(1)
    near[:, at[LOST]] = 0.002 * near.sum(1)
    np.fill_diagonal(near, 0)
    near[broken, at[LOST]] = 0.12 * near[broken].sum()
    near[there, back], near[back, there] = 2 * near[there].sum(), 2 * near[back].sum()
    end, silent = np.full(size, END), np.full((size, size), SILENCE)
    silent[there, back] = silent[back, there] = 0.02
    end[dead], silent[dead] = 0.5, 0.8
    silent[:, at[LETTER]] = 1.0
    signup, order = np.full(size, 0.001), np.full(size, 0.002)
    for place, hazard in causes.items():
        signup[at[place]] = hazard
    signup[[at[LETTER], at[LOST], at[SEARCH]]] = 0
    order[met[1]] = 0.1
    onward = near / near.sum(1, keepdims=True) * (1 - end - signup)[:, None]
    start = popular.copy()
    start[[at[LETTER], at[LOST], at[SEARCH]]] = 0
    return Chain(places, start / start.sum(), onward, end, signup, order, silent, causes, obstacles)


def _inverse(onward: Floats) -> Floats:
    """How often a reader at each place will be at each other, this time included."""
    return np.linalg.inv(np.eye(len(onward)) - onward)
