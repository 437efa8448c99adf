"""Addresses that must be whole, and lead somewhere: whoever reads them is on no page of the site."""

from __future__ import annotations

import re
from collections.abc import Iterator

from milepost.writing.built.output import Output

Told = tuple[str, int]
"""What is wrong with a feed, and the line of the file; 0 where that cannot be told."""
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+\S*", re.IGNORECASE)


def faults(output: Output, address: str, which: str, line: int) -> Iterator[Told]:
    """What is wrong with an address; `which` says whose it is."""
    if not _ABSOLUTE.fullmatch(address):
        yield f"{which} is not absolute: {address}", line
        return
    where = output.where(address, "")
    if where and where.inside and not output.is_answered(where.path):
        yield f"{which} is dead: {output.shown(where.path)}", line
