"""Reading: what a page says of itself to browsers, search engines and feed readers, and the way on from it. A slice."""

from __future__ import annotations


def register() -> None:
    """Connect the slice to Pelican's signals."""
    from milepost.reading import assets, plugin, reading_on, search, syndication
    from milepost.reading.pictures import plugin as pictures

    assets.connect()
    pictures.connect()
    plugin.connect()
    reading_on.connect()
    search.connect()
    syndication.connect()
