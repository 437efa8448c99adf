"""Writing: what may stand in a source, what is wrong with it, and what is not yet to be published. A slice."""

from __future__ import annotations


def register() -> None:
    """Connect the slice to Pelican's signals."""
    from milepost.writing import plugin

    plugin.connect()
