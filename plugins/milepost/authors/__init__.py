"""Authors: who wrote it, from `content/authors/*.md` to bio boxes and author pages. A slice."""

from __future__ import annotations


def register() -> None:
    """Connect the slice to Pelican's signals."""
    from milepost.authors import plugin

    plugin.connect()
