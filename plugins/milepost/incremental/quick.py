"""What Pelican works out again and again, or in more than linear time, without another result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import groupby
from operator import attrgetter
from typing import Any

from pelican import contents, generators, urlwrappers, utils
from pelican.contents import Content
from pelican.utils import slugify

_CHANGES = ("append", "clear", "extend", "insert", "pop", "remove", "__delitem__", "__iadd__", "__setitem__")


def members() -> list[Any]:
    """An empty list that knows what is in it: Pelican asks that for every article and every tag, author and category.

    A class for each, since then the question is answered by the set itself.
    """
    known: set[Any] = set()

    def changing(usual: Callable[..., Any]) -> Callable[..., Any]:
        def change(listed: list[Any], *args: Any) -> Any:
            result = usual(listed, *args)
            known.clear()
            known.update(listed)
            return result

        return change

    def append(listed: list[Any], one: Any) -> None:
        known.add(one)
        list.append(listed, one)

    parts = {name: changing(getattr(list, name)) for name in _CHANGES}
    parts |= {"append": append, "__contains__": staticmethod(known.__contains__)}
    made: list[Any] = type("Members", (list,), parts)()
    return made


def count_members(generator: Any) -> None:
    """Let the lists that a new generator of articles fills be such lists."""
    for name in ("tags", "categories", "authors"):
        setattr(generator, name, defaultdict(members))


def process_translations(contents: list[Any], translation_id: Any = None) -> tuple[list[Any], list[Any]]:
    """As Pelican's, for each group of translations by itself: that looks for each of all contents among all."""
    if not translation_id:
        return contents, []
    names = [translation_id] if isinstance(translation_id, str) else list(translation_id)
    try:
        contents.sort(key=attrgetter(*names))
    except (TypeError, AttributeError):
        utils.process_translations(contents, translation_id)  # says what is wrong
    originals, translations = [], []
    for _, group in groupby(contents, attrgetter(*names)):
        some, others = utils.process_translations(list(group), translation_id)
        originals += some
        translations += others
    return originals, translations


def remember() -> None:
    """Let slugs be made once of a name, and the paths of sources be told once, for as long as this process lives."""
    known: dict[tuple[Any, ...], str] = {}

    def remembered(value: str, regex_subs: Any = (), preserve_case: bool = False, use_unicode: bool = False) -> str:
        key = value, preserve_case, use_unicode, *map(tuple, regex_subs)
        if key not in known:
            known[key] = slugify(value, regex_subs, preserve_case, use_unicode)
        return known[key]

    generators.process_translations = process_translations
    contents.slugify = urlwrappers.slugify = remembered
    usual = Content.get_relative_source_path

    def get_relative_source_path(self: Any, source_path: str | None = None) -> str | None:
        told: str | None = None if source_path else self.__dict__.get("relative_source_path")
        return told or usual(self, source_path)

    Content.get_relative_source_path = get_relative_source_path
