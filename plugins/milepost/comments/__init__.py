"""Comments: Disqus threads kept in a snapshot, and rendered into the articles. A slice; see the docs, "A slice"."""


def register() -> None:
    """Let Pelican name this slice in PLUGINS."""
    from milepost.comments import plugin

    plugin.connect()
