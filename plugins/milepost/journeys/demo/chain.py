"""The demo's truth: which pages cause conversions, what stands in readers' way, and the chain that they walk.

A reader goes from place to place by fixed chances, and converts at a place by its hazard, whatever came before. So what
a measure should find is known in closed form, before anybody walks. Knows no time, no event and no file.
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
SEARCHES = "search"
"""Where the measure of searches counts them, wherever they are made."""
AFTER_SIGNUP = 0.75
"""How many of those who signed up are met again."""
LEAST = {"article": 3, "doc": 6, "page": 1}
_END, _SILENCE = 0.2, 0.18
_USUAL_SIGNUP, _USUAL_ORDER = 0.001, 0.012


class Planted(NamedTuple):
    """One obstacle: of what kind, at which touchpoint, and what tells it from others there."""

    kind: str
    touchpoint: str
    detail: str = ""


@dataclass(frozen=True)
class Plot:
    """What is planted, and where.

    causes: the chance to sign up at each of them, per touch; elsewhere it is next to none. buys: where those who
    signed up order. broken: the page with a link to an address that nobody has. popular: places that many must meet, so
    that what is planted there can be seen.
    """

    causes: Mapping[str, float]
    buys: str
    obstacles: tuple[Planted, ...]
    broken: str

    @property
    def popular(self) -> set[str]:
        loops = {one.detail for one in self.obstacles if one.kind == "back-and-forth"}
        return {*self.causes, self.buys, self.broken, *loops, *(one.touchpoint for one in self.obstacles)}

    def of_kind(self, kind: str) -> list[Planted]:
        return [one for one in self.obstacles if one.kind == kind]


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
    plot: Plot

    @property
    def at(self) -> dict[str, int]:
        """Each place's number."""
        return {place: number for number, place in enumerate(self.places)}

    def after_signup(self) -> tuple[Floats, Floats]:
        """`onward` and `end` for those who have signed up: they sign up no more."""
        left = (1 - self.order)[:, None] * self.onward / (1 - self.signup)[:, None]
        return left, 1 - left.sum(1) - self.order

    def met(self) -> tuple[Floats, Floats]:
        """How often a reader is at each place, on average: before signing up, and after."""
        visits = self.start @ _inverse(self.onward)
        letters = AFTER_SIGNUP * float(visits @ self.signup) * (np.array(self.places) == LETTER)
        return visits, letters @ _inverse(self.after_signup()[0])

    def rates(self) -> dict[str, float]:
        """How many of each goal one reader reaches, on average."""
        visits, again = self.met()
        return {"signup": float(visits @ self.signup), "order": float(again @ self.order)}

    def shares(self) -> dict[str, dict[str, float]]:
        """By model, the share of all signups that each place is to be credited with, 0 to 1.

        `first` and `last` as defined; `markov` the removal effects in the limit of infinitely many readers, where the
        paths of those who go on after a signup count as paths that have not converted.
        """
        visits, again = self.met()
        met, rate = visits + again, float(visits @ self.signup)
        later, _ = self.after_signup()
        both = (visits[:, None] * self.onward + again[:, None] * later) / met[:, None]
        begins = self.start + AFTER_SIGNUP * rate * (np.array(self.places) == LETTER)
        from_all = _inverse(both)
        reach = from_all @ (visits * self.signup / met)
        effect = (begins @ from_all) / np.diag(from_all) * reach
        return {
            "first": self._named(self.start * (_inverse(self.onward) @ self.signup) / rate),
            "last": self._named(visits * self.signup / rate),
            "markov": self._named(effect / effect.sum()),
        }

    def returns(self) -> dict[str, float]:
        """By place, the share of all returns after a silence that it ends, 0 to 1."""
        visits, again = self.met()
        later, _ = self.after_signup()
        steps = visits[:, None] * self.onward + again[:, None] * later
        ended = (steps * self.silent).sum(0)
        # Who is met again after a signup comes back by a letter.
        ended[self.at[LETTER]] += AFTER_SIGNUP * float(visits @ self.signup)
        return self._named(ended / ended.sum())

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
                "build the site, or run the demo on Milepost's own"
            )
    articles, docs, plain = pages["article"], pages["doc"], pages["page"]
    slow, dead, unhelpful, there, back, *_ = docs
    path = f"/{articles[1].rpartition('/')[2]}/old-guide/"
    plot = Plot(
        causes={articles[0]: 0.05, docs[-1]: 0.08, plain[0]: 0.06},
        buys=docs[-1],
        obstacles=(
            Planted("dead-end", dead),
            Planted("not-found", LOST, path),
            Planted("search", SEARCHES, "refund"),
            Planted("search", SEARCHES, "single sign-on"),
            Planted("back-and-forth", *sorted((there, back))),
            Planted("form", plain[0], "contact"),
            Planted("slow", slow, "lcp"),
            Planted("unhelpful", unhelpful),
        ),
        broken=articles[1],
    )
    return _settled((*articles, *docs, *plain, HOME, SEARCH, LOST, LETTER), plot, np.random.default_rng([seed, 1]))


def _settled(places: tuple[str, ...], plot: Plot, random: np.random.Generator) -> Chain:
    size, at = len(places), {place: number for number, place in enumerate(places)}
    no_page = [at[LETTER], at[LOST], at[SEARCH]]
    (dead,), (loop,) = plot.of_kind("dead-end"), plot.of_kind("back-and-forth")
    end, silent = np.full(size, _END), np.full((size, size), _SILENCE)
    loops = [at[loop.touchpoint], at[loop.detail]], [at[loop.detail], at[loop.touchpoint]]
    silent[loops] = 0.02
    end[at[dead.touchpoint]], silent[at[dead.touchpoint]] = 0.5, 0.8
    silent[:, at[LETTER]] = 1.0
    signup, order = np.full(size, _USUAL_SIGNUP), np.full(size, _USUAL_ORDER)
    for place, hazard in plot.causes.items():
        signup[at[place]] = hazard
    signup[no_page], order[at[plot.buys]] = 0, 0.25
    popular = _popular(places, plot, random)
    near = _near(places, plot, popular, random)
    start = popular.copy()
    start[no_page] = 0
    onward = near / near.sum(1, keepdims=True) * (1 - end - signup)[:, None]
    return Chain(places, start / start.sum(), onward, end, signup, order, silent, plot)


def _popular(places: tuple[str, ...], plot: Plot, random: np.random.Generator) -> Floats:
    """How much each place is sought; some are far more than others."""
    popular = 1 / np.arange(2, len(places) + 2) ** 0.6
    random.shuffle(popular)
    wanted = [number for number, place in enumerate(places) if place in plot.popular]
    popular[wanted] = np.maximum(popular[wanted], np.median(popular))
    most = popular.max()
    popular[places.index(HOME)], popular[places.index(SEARCH)] = 2 * most, most
    return popular


def _near(places: tuple[str, ...], plot: Plot, popular: Floats, random: np.random.Generator) -> Floats:
    """How much readers of each place (rows) are drawn to each other one; more within a surface, and by some links."""
    size, at = len(places), {place: number for number, place in enumerate(places)}
    surface = np.array([place.split("/")[0] for place in places])
    near = np.where(surface[:, None] == surface, 3.0, 1.0) * popular
    near *= np.where(random.random((size, size)) < 0.08, 6.0, 1.0)
    near[:, at[LETTER]] = 0.02 * near.sum(1)
    near[:, at[LOST]] = 0.002 * near.sum(1)
    np.fill_diagonal(near, 0)
    near[at[plot.broken], at[LOST]] = 0.12 * near[at[plot.broken]].sum()
    (loop,) = plot.of_kind("back-and-forth")
    there, back = at[loop.touchpoint], at[loop.detail]
    near[there, back], near[back, there] = 2 * near[there].sum(), 2 * near[back].sum()
    return near


def _inverse(onward: Floats) -> Floats:
    """How often a reader at each place will be at each other, this time included."""
    return np.asarray(np.linalg.inv(np.eye(len(onward)) - onward), dtype=np.float64)
