"""What a page reads while it is rendered: whoever hands a page something of its own making notes it here.

Content, authors, categories and tags, templates and what stands in the context are noticed by themselves.
"""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Who keeps what one page reads."""

    def note(self, kind: str, key: str) -> None: ...


listener: Listener | None = None


def note(kind: str, key: str) -> None:
    """Say that the page now rendered, if any, has read the thing of `kind` called `key` (see `hooks.readable`)."""
    if listener is not None:
        listener.note(kind, key)
