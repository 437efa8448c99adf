"""The rules of what only readers can tell: obstacles, which `milepost check --insights` finds in the archive."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.errors import Finding
from milepost.settings import Settings
from milepost.sources import Sources

PREFIX = "obstacle-"
RULES = {
    f"{PREFIX}search": "With `--insights`: at least 3 searches for the same words found nothing, and surely more than "
    "half of them. Words that a page has by now are not told.",
    f"{PREFIX}not-found": "With `--insights`: readers asked at least 5 times for an address that is none. The line "
    "that links there is named where there is one; an address that has a page by now is not told.",
    f"{PREFIX}dead-end": "With `--insights`: of the visits that came to the page, surely more than 80 % ended there, "
    "without a conversion.",
    f"{PREFIX}back-and-forth": "With `--insights`: of the visits that went from one page to another, surely more than "
    "20 % went there, back, and there again: neither alone has what they need.",
    f"{PREFIX}form": "With `--insights`: surely more than half of the visits in which a form was begun did not send "
    "it.",
    f"{PREFIX}unhelpful": "With `--insights`: surely more than 30 % of those who answered “Was this helpful?” said no.",
    f"{PREFIX}slow": "With `--insights`: surely more than a quarter of the page’s measurements are above what is good: "
    "2.5 s to the largest picture or text (lcp), 200 ms to an answer (inp), a layout that moves by 0.1 (cls).",
}
ASKED = frozenset(RULES)
"""Looked into only when asked for, so that nobody knows without whether a file needs to break them."""


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """Nothing: sources alone do not tell what stopped readers."""
    yield from ()
