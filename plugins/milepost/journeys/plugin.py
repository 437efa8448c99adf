"""The build half: fills in what the page about privacy says of collecting. Knows nothing of collecting itself."""

from __future__ import annotations

from typing import Any

from pelican import signals

from milepost import hooks
from milepost.journeys import privacy
from milepost.journeys.model import Settings

PLACE = '<div data-journeys="collected"></div>'
"""What a page has in its source where that is to be."""


def connect() -> None:
    """Listen to Pelican."""
    signals.content_object_init.connect(fill_in)


def fill_in(content: Any) -> None:
    """Put the section where a page or doc asks for it."""
    text = getattr(content, "_content", None)
    if text and PLACE in text:
        settings = hooks.settings_of(content.settings).of(Settings)
        content._content = text.replace(PLACE, privacy.collected(settings))
