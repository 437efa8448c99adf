"""Texts of contents, read when somebody asks for one: of most, a build shows nothing that is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pelican.contents import Content
from pelican.readers import MarkdownReader

from milepost.incremental.quick import has_usual_links
from milepost.incremental.texts import Texts


class _Promise(NamedTuple):
    content: Content
    path: str
    sum: bytes
    is_plain: bool


class Late:
    """Stands in the class for `_content`, for as long as an object has none of its own."""

    def __init__(self, texts: Texts, settings: Mapping[str, Any]) -> None:
        self.texts, self.settings = texts, settings
        self._promises: dict[int, _Promise] = {}
        # By another sign, any text may link to a source.
        self._is_usual = has_usual_links(settings)

    def remember(self) -> None:
        """Let every content be such, for as long as this process lives."""
        Content._content = self
        Content.get_static_links = self._get_static_links(Content.get_static_links)

    def promise(self, content: Content, path: str, sum_of_text: bytes, is_plain: bool) -> None:
        """Let `content` have what is kept of the file when it is asked for.

        Args:
            is_plain: whether the text has no sign in it that a link to another source begins with.
        """
        self._promises[id(content)] = _Promise(content, path, sum_of_text, is_plain)

    def digest_of(self, content: Content) -> bytes | None:
        """The digest of a text that nobody has asked for yet, and that depends on nothing else; None for others."""
        promise = self._promises.get(id(content))
        is_left = promise and promise.is_plain and self._is_usual and "_content" not in content.__dict__
        return promise.sum if promise and is_left else None

    def __get__(self, content: Any, owner: Any = None) -> Any:
        """The text, which is the object's own from now on.

        Raises:
            AttributeError: when it has none.
        """
        promise = self._promises.get(id(content))
        if promise is None:
            raise AttributeError("_content")
        text = self.texts.text_at(promise.path, promise.sum)
        if text is None:  # what was kept is spoiled
            text = MarkdownReader(self.settings).read(promise.path)[0]
        content.__dict__["_content"] = text
        return text

    def _get_static_links(self, usual: Callable[[Any], set[str]]) -> Callable[[Any], set[str]]:
        def get_static_links(content: Any) -> set[str]:
            return usual(content) if self.digest_of(content) is None else set()

        return get_static_links
