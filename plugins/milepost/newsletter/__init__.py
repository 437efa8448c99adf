"""The newsletter: subscribers, issues, and what happened to each mail. A slice; see the docs, "A slice"."""


def register() -> None:
    """Let Pelican name this slice in PLUGINS."""
    from milepost.newsletter import plugin

    plugin.connect()
