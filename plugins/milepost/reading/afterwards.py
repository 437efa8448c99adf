"""What a preview does to a built site once it is shown, so that nobody waits for it: the search index."""

from __future__ import annotations

from pathlib import Path

from milepost.reading import index
from milepost.settings import Settings


def run(output: Path, settings: Settings) -> None:
    """Index the site built in `output`.

    Raises:
        MilepostError: when it cannot be indexed.
    """
    index.build(output, settings.env.var / index.CACHE)
