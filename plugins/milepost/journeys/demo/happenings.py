"""What readers do at a place besides reading it: search, fill in, answer, wait. The planted obstacles are among it.

Everything that is no planted obstacle happens too, but seldom: some forms are given up, some pages are slow for some.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from milepost.journeys.demo.chain import LOST, SEARCH, Chain, Floats
from milepost.journeys.demo.walk import ORDER, SECOND, SIGNUP, Ints, Walk

NEWSLETTER_FORM = "newsletter"
PRICES = (49.0, 99.0, 249.0)
FOUND = ("install", "import", "price", "feed", "comments", "privacy", "author", "sitemap")
"""What is searched for and found."""
_CAME_FROM = ("www.google.com", "www.bing.com", "news.ycombinator.com", "www.linkedin.com", "chatgpt.com", "")
_COMMENTS = ("It stops before the step I needed.", "Which version is this for?", "The example does not run for me.")


class Happened(NamedTuple):
    """Events of one type: at which touches of a walk (indices), how long after each began (microseconds), and what
    their data says; `value` is that of a conversion with one."""

    type: str
    touch: Ints
    after: Ints
    data: list[dict[str, Any]] | None = None
    goal: str | None = None
    value: Floats | None = None


def happenings(chain: Chain, walk: Walk, host: str, random: np.random.Generator) -> Iterator[Happened]:
    """Every event of a walk.

    Args:
        host: the site's own, from which readers come to a page that is not their visit's first.
    """
    at = chain.at
    everywhere = np.arange(len(walk.place))
    stayed = _stayed(walk, random)
    came_from = random.choice(np.array(_CAME_FROM), len(everywhere), p=(0.4, 0.06, 0.08, 0.06, 0.1, 0.3))
    referrers = np.where(walk.first, came_from, host).tolist()
    read = [{"referrer": one} if one else {} for one in referrers]
    yield Happened("view", everywhere, np.zeros_like(everywhere), read)
    depths = (100 * random.beta(3, 1.6, len(everywhere))).astype(int)
    engaged = [
        {"seconds": int(seconds), "depth": int(depth)} for seconds, depth in zip(stayed // SECOND, depths, strict=True)
    ]
    yield Happened("engage", everywhere, stayed, engaged)
    yield from _won(walk, random)
    yield from _gave_up(chain, walk, at, random)
    yield _searched(chain, walk, at[SEARCH], random)
    yield _lost(chain, walk, at, host, random)
    yield _helped(chain, walk, at, random)
    yield _measured(chain, walk, at, random)


def _stayed(walk: Walk, random: np.random.Generator) -> Ints:
    """How long each touch was looked at: a little less than it took until the next one of its visit."""
    following = np.roll(walk.at, -1) - walk.at
    last = np.roll(walk.first, -1)
    alone = np.exp(random.normal(np.log(60), 0.9, len(walk.at))).clip(5, 1200) * SECOND
    return np.where(last, alone, following * random.uniform(0.6, 0.95, len(walk.at))).astype(np.int64)


def _won(walk: Walk, random: np.random.Generator) -> Iterator[Happened]:
    signups, orders = np.flatnonzero(walk.outcome == SIGNUP), np.flatnonzero(walk.outcome == ORDER)
    for step, seconds in (("started", 20), ("sent", 45)):
        data = [{"name": NEWSLETTER_FORM, "step": step}] * len(signups)
        yield Happened("form", signups, np.full(len(signups), seconds * SECOND), data)
    yield Happened("signup", signups, np.full(len(signups), 60 * SECOND))
    values = random.choice(np.array(PRICES), len(orders), p=(0.6, 0.3, 0.1))
    yield Happened("order", orders, np.full(len(orders), 90 * SECOND), None, "order", values)


def _gave_up(chain: Chain, walk: Walk, at: dict[str, int], random: np.random.Generator) -> Iterator[Happened]:
    """Forms begun and not sent: the newsletter's by few, the planted one by nearly all who begin it."""
    signs_up = chain.signup[walk.place] * 0.25 * ~walk.known
    begun = np.flatnonzero((random.random(len(walk.place)) < signs_up) & (walk.outcome != SIGNUP))
    yield _form(begun, NEWSLETTER_FORM, "started", 20)
    for one in chain.plot.of_kind("form"):
        begun = np.flatnonzero((walk.place == at[one.touchpoint]) & (random.random(len(walk.place)) < 0.15))
        yield _form(begun, one.detail, "started", 15)
        yield _form(begun[random.random(len(begun)) < 0.15], one.detail, "sent", 40)


def _form(touch: Ints, name: str, step: str, seconds: int) -> Happened:
    return Happened("form", touch, np.full(len(touch), seconds * SECOND), [{"name": name, "step": step}] * len(touch))


def _searched(chain: Chain, walk: Walk, search: int, random: np.random.Generator) -> Happened:
    touch = np.flatnonzero(walk.place == search)
    planted = [one.detail for one in chain.plot.of_kind("search")]
    data: list[dict[str, Any]] = []
    for chance, number in zip(random.random(len(touch)), random.integers(0, 1 << 30, len(touch)), strict=True):
        if chance < 0.25:
            data.append({"query": planted[number % len(planted)], "results": 0})
        elif chance < 0.35:
            # Nobody else asks for this, so it is nothing to act on.
            data.append({"query": f"part {number:x}", "results": 0})
        else:
            data.append({"query": FOUND[number % len(FOUND)], "results": int(1 + number % 9)})
    return Happened("search", touch, np.full(len(touch), 4 * SECOND), data)


def _lost(chain: Chain, walk: Walk, at: dict[str, int], host: str, random: np.random.Generator) -> Happened:
    """Who comes to the page of errors by the broken link asked for the planted address, others mistyped one."""
    touch = np.flatnonzero(walk.place == at[LOST])
    before = walk.before()[touch]
    (planted,) = chain.plot.of_kind("not-found")
    mistyped = random.integers(0, 1 << 40, len(touch))
    data = [
        {"path": planted.detail, "referrer": host} if place == at[chain.plot.broken] else {"path": f"/{number:x}/"}
        for place, number in zip(before, mistyped, strict=True)
    ]
    return Happened("not-found", touch, np.full(len(touch), SECOND), data)


def _helped(chain: Chain, walk: Walk, at: dict[str, int], random: np.random.Generator) -> Happened:
    asked = np.array([place.startswith("docs/") for place in chain.places])[walk.place]
    touch = np.flatnonzero(asked & (random.random(len(walk.place)) < 0.08))
    share = _shares(chain, "unhelpful", at, planted=0.65, usual=0.12)[walk.place[touch]]
    no = random.random(len(touch)) < share
    words = random.integers(0, 4 * len(_COMMENTS), len(touch))
    data = [
        {"answer": "no", "comment": _COMMENTS[word]} if word < len(_COMMENTS) and said_no
        else {"answer": "no" if said_no else "yes"}
        for said_no, word in zip(no.tolist(), words.tolist(), strict=True)
    ]  # fmt: skip
    return Happened("helpful", touch, np.full(len(touch), 7 * SECOND), data)


def _measured(chain: Chain, walk: Walk, at: dict[str, int], random: np.random.Generator) -> Happened:
    touch = np.flatnonzero(random.random(len(walk.place)) < 0.1)
    slow = random.random(len(touch)) < _shares(chain, "slow", at, planted=0.6, usual=0.1)[walk.place[touch]]
    paint = np.where(slow, random.uniform(2600, 6000, len(touch)), random.uniform(600, 2400, len(touch)))
    reply, moved = random.gamma(4, 20, len(touch)), random.exponential(0.02, len(touch))
    data = [
        {"lcp": round(lcp), "inp": round(inp), "cls": round(cls, 4)}
        for lcp, inp, cls in zip(paint.tolist(), reply.tolist(), moved.tolist(), strict=True)
    ]
    return Happened("vitals", touch, np.full(len(touch), 5 * SECOND), data)


def _shares(chain: Chain, kind: str, at: dict[str, int], *, planted: float, usual: float) -> Floats:
    shares = np.full(len(chain.places), usual)
    shares[[at[one.touchpoint] for one in chain.plot.of_kind(kind)]] = planted
    return shares


def as_text(data: dict[str, Any]) -> str | None:
    """As the collector keeps it: a JSON object without spaces, or None when there is nothing to say."""
    return json.dumps(data, separators=(",", ":")) if data else None
