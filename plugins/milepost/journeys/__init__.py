"""Journeys: what readers did, collected, archived, measured and reported. A slice; see the docs, "A slice"."""


def register() -> None:
    """Let Pelican name this slice in PLUGINS, which turns its services on too."""
    from milepost.journeys import plugin

    plugin.connect()
