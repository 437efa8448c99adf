"""Touchpoints: what every page is, where it is, and what it is for; in its head and in one manifest. A slice."""

from __future__ import annotations


def register() -> None:
    """Connect the slice to Pelican's signals."""
    from milepost.touchpoints import plugin

    plugin.connect()
