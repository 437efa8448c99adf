"""What Pelican works out again and again, or in more than linear time, without another result."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from string import Formatter
from typing import Any

from pelican import contents, generators, readers, urlwrappers, utils
from pelican.cache import FileStampDataCacher
from pelican.contents import Content
from pelican.settings import DEFAULT_CONFIG
from pelican.utils import SafeDatetime, slugify

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
        alike = list(group)
        if len(alike) == 1:
            alike[0].translations = []
            originals += alike
            continue
        some, others = utils.process_translations(alike, translation_id)
        originals += some
        translations += others
    return originals, translations


def sanitised_join(base_directory: str, *parts: str) -> str:
    """As Pelican's, which makes both paths absolute each time."""
    part = parts[0] if len(parts) == 1 else ""
    is_plain = part and part[0] not in "./" and part[-1] != "/" and "//" not in part and "/." not in part
    if is_plain and base_directory[0] == "/" and "\\" not in part:
        return f"{_absolute(base_directory)}/{part}"
    joined: str = utils.sanitised_join(base_directory, *parts)
    return joined


@cache
def _absolute(folder: str) -> str:
    return posixpath.abspath(folder)


_PARTS: dict[str, Callable[[Any], Any]] = {
    "slug": lambda content: getattr(content, "slug", ""),
    "lang": lambda content: getattr(content, "lang", "en"),
    "category": lambda content: content.category.slug if hasattr(content, "category") else "",
    "author": lambda content: content.author.slug if hasattr(content, "author") else "",
}
"""Of `Content.url_format`, what needs no more than the content itself."""


@cache
def _parts_of(pattern: str) -> tuple[str, ...] | None:
    """The names in an address' pattern, if all are among `_PARTS`."""
    names = {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}
    return tuple(names) if names <= _PARTS.keys() else None


def _expand_settings(self: Any, key: str, klass: str | None = None) -> str:
    """As Pelican's, which works out every part of an address for each."""
    pattern = str(self.settings[f"{klass or type(self).__name__}_{key}".upper()])
    names = _parts_of(pattern) if type(self).url_format is Content.url_format else None
    if names is None:
        return pattern.format(**self.url_format)
    return pattern.format(**{name: _PARTS[name](self) for name in names})


_DATE = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", re.ASCII)


def get_date(string: str) -> datetime:
    """As Pelican's, which asks a parser that knows many ways to write a date."""
    if _DATE.fullmatch(string):
        with suppress(ValueError):  # says what is wrong, below
            found: datetime = SafeDatetime.fromisoformat(string)
            return found
    date: datetime = utils.get_date(string)
    return date


@cache
def _ignored(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)")


def _include_path(self: Any, path: str, extensions: Any = None) -> bool:
    """As Pelican's, which makes each pattern of the settings anew for each path."""
    name = posixpath.basename(path)
    if _ignored(tuple(self.settings["IGNORE_FILES"])).match(name):
        return False
    wanted = self.readers.extensions if extensions is None else extensions
    return wanted is False or posixpath.splitext(name)[1][1:] in wanted


def has_sign(text: str) -> bool:
    """Whether there is one of the two signs in `text` that Pelican's links to other sources begin with."""
    return "{" in text or "|" in text


def has_usual_links(settings: Mapping[str, Any]) -> bool:
    """Whether they begin with these in this site."""
    is_usual: bool = settings["INTRASITE_LINK_REGEX"] == DEFAULT_CONFIG["INTRASITE_LINK_REGEX"]
    return is_usual


def _may_link(settings: Mapping[str, Any], text: str) -> bool:
    return has_sign(text) or not has_usual_links(settings)


def _get_static_links(usual: Callable[[Any], set[str]]) -> Callable[[Any], set[str]]:
    def get_static_links(self: Any) -> set[str]:
        text = self._content
        has_any = _may_link(self.settings, text) and ("static" in text or "attach" in text)
        return usual(self) if has_any else set()

    return get_static_links


def _update_content(usual: Callable[[Any, str, str], str]) -> Callable[[Any, str, str], str]:
    def update_content(self: Any, content: str, siteurl: str) -> str:
        has_any = not content or _may_link(self.settings, content)
        return usual(self, content, siteurl) if has_any else content

    return update_content


def _spare_stamps() -> None:
    """Let no file be asked for its time for a cache that nothing is kept in."""
    get, keep = FileStampDataCacher.get_cached_data, FileStampDataCacher.cache_data

    def get_cached_data(self: Any, filename: str, default: Any = None) -> Any:
        return get(self, filename, default) if self._cache else default

    def cache_data(self: Any, filename: str, data: Any) -> None:
        if self._cache_data_policy:
            keep(self, filename, data)

    FileStampDataCacher.get_cached_data, FileStampDataCacher.cache_data = get_cached_data, cache_data


def remember() -> None:
    """Let slugs be made once of a name, and the paths of sources be told once, for as long as this process lives."""
    known: dict[tuple[Any, ...], str] = {}

    def remembered(value: str, regex_subs: Any = (), preserve_case: bool = False, use_unicode: bool = False) -> str:
        key = value, preserve_case, use_unicode, *map(tuple, regex_subs)
        if key not in known:
            known[key] = slugify(value, regex_subs, preserve_case, use_unicode)
        return known[key]

    _spare_stamps()
    readers.get_date = get_date
    contents.sanitised_join = sanitised_join
    Content._expand_settings = _expand_settings
    Content.get_static_links = _get_static_links(Content.get_static_links)
    Content._update_content = _update_content(Content._update_content)
    generators.Generator._include_path = _include_path
    generators.process_translations = process_translations
    contents.slugify = urlwrappers.slugify = remembered
    usual = Content.get_relative_source_path

    def get_relative_source_path(self: Any, source_path: str | None = None) -> str | None:
        told: str | None = None if source_path else self.__dict__.get("relative_source_path")
        return told or usual(self, source_path)

    Content.get_relative_source_path = get_relative_source_path
