"""A fault in a page, before anybody knows which source it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from milepost.errors import Severity


@dataclass(frozen=True)
class Needle:
    """What to look for in sources. `key` is a place below SITEURL for links, the text for headings, the id for ids."""

    kind: str = ""
    """link, data (a link of JSON-LD), heading, id, text, or nothing."""
    key: str = ""
    written: str = ""
    """As the page has it."""
    nth: int = 0
    """Which of several alike, from 0."""


@dataclass(frozen=True)
class Fault:
    """One fault in one page."""

    page: str
    """The file below the output folder."""
    rule: str
    message: str
    remedy: str = ""
    needle: Needle = Needle()
    likeness: str = ""
    """Faults of a template that have it in common are told as one, where there are many."""
    severity: Severity = "error"
    line: int = 0
    """Of the page, for what is no HTML; 0 where it is not known."""
