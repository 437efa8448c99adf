"""Ways of Pelican that take more than linear time, made linear without another result."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


class Members(list[Any]):
    """A list that knows what is in it: Pelican asks that for every article and every tag, author and category."""

    _known: frozenset[int] = frozenset()

    def __contains__(self, one: object) -> bool:
        if len(self._known) != len(self):
            self._known = frozenset(map(id, self))
        return id(one) in self._known if len(self._known) == len(self) else super().__contains__(one)


def count_members(generator: Any) -> None:
    """Let the lists that a new generator of articles fills be such lists."""
    for name in ("tags", "categories", "authors"):
        setattr(generator, name, defaultdict(Members))
