"""Findings of faults: each at the source and line it comes from, and a template's once, however many pages have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from milepost.errors import Finding
from milepost.writing.built.fault import Fault
from milepost.writing.built.origin import Origin

_MANY = 5
"""Faults of a template that are alike are told one by one as long as they are no more than this."""


def findings(faults: Iterable[Fault], origin: Origin) -> Iterator[Finding]:
    """One finding for every place in a source, and for every fault of a template."""
    left: dict[tuple[str, str, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        places = origin.places(fault)
        for file, line in places:
            yield Finding(file, line, fault.rule, fault.message, fault.remedy, fault.severity)
        if not places:
            left[fault.rule, fault.likeness or fault.message, fault.severity].append(fault)
    for alike in left.values():
        yield from _of_template(alike)


def _of_template(alike: list[Fault]) -> Iterator[Finding]:
    by_message: dict[str, list[Fault]] = defaultdict(list)
    for fault in alike:
        by_message[fault.message].append(fault)
    if len(by_message) > _MANY:
        yield _one(alike, f", and {len(by_message) - 1} more like it")
    else:
        yield from (_one(same, "") for same in by_message.values())


def _one(faults: list[Fault], more: str) -> Finding:
    first = faults[0]
    pages = len({fault.page for fault in faults})
    count = f" (in {pages} pages)" if pages > 1 else ""
    return Finding(first.page, first.line, first.rule, f"{first.message}{more}{count}", first.remedy, first.severity)
