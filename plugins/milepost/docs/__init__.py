"""Docs: a tree of pages from `content/docs/`, in an order, with a way through it. A slice."""

from __future__ import annotations


def register() -> None:
    """Connect the slice to Pelican's signals."""
    from milepost.docs import plugin

    plugin.connect()
