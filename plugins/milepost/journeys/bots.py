"""Robots and AI agents, by how they name themselves: kept under that name, and left out of what is said of readers.

Two public lists decide: crawler-user-agents, and ua-parser's "Spider". Knows no storage; an agent's text stays in
memory alone.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Protocol

MAX_AGENT = 512
"""Of a longer text the rest is not looked at: nobody may buy a second of this process with one header."""
NAMELESS = "unnamed"
HEADLESS = "HeadlessChrome"

_PATTERNS_AT_ONCE = 25


class Headers(Protocol):
    """Whatever knows headers by their names in lower case."""

    def get(self, name: str, default: str, /) -> str:
        """The header's value, or the default."""


def bot_in(headers: Headers) -> str | None:
    """The name of the robot that a request comes from, at most 60 characters; None for a reader.

    Args:
        headers: of the request. A browser that is driven without a window may hide it in
            `User-Agent` and still say it in `Sec-CH-UA`.
    """
    agent = headers.get("user-agent", "")[:MAX_AGENT]
    return bot_named(agent) or (HEADLESS if HEADLESS in headers.get("sec-ch-ua", "") else None)


@lru_cache(maxsize=4096)
def bot_named(agent: str) -> str | None:
    """The same by the agent's text alone. No text is a robot too: every browser has one."""
    if not agent.strip():
        return NAMELESS
    for some, each in _patterns():
        if some.search(agent):
            return next(_name(found[0]) for one in each if (found := re.search(one, agent)))
    return _spider(agent)


def warm() -> None:
    """Read the lists, so that the first reader does not wait for them."""
    bot_named("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")


@cache
def _patterns() -> list[tuple[re.Pattern[str], list[str]]]:
    """The list's patterns some at a time, which is quick for readers, and each alone, which tells the name."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    texts = [str(entry["pattern"]) for entry in CRAWLER_USER_AGENTS_DATA]
    parts = [texts[i : i + _PATTERNS_AT_ONCE] for i in range(0, len(texts), _PATTERNS_AT_ONCE)]
    return [(re.compile("|".join(part)), part) for part in parts]


def _spider(agent: str) -> str | None:
    from ua_parser import parse_device, parse_user_agent

    device = parse_device(agent)
    if device is None or device.family != "Spider":
        return None
    found = parse_user_agent(agent)
    return _name(found.family if found and found.family != "Other" else "Spider")


def _name(text: str) -> str:
    """What a pattern found, without what only delimits it."""
    plain = "".join(one for one in text if one.isprintable())
    return plain.strip(" /;:()+,-_")[:60] or "Spider"
