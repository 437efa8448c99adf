"""Values of metadata as lists, text and numbers, and back: what msgpack has a form for, and nothing that runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pelican.urlwrappers import Author, Category, Tag, URLWrapper
from pelican.utils import SafeDatetime

WRAPPERS: dict[str, type[URLWrapper]] = {"Author": Author, "Category": Category, "Tag": Tag}
_CLASSES = frozenset(WRAPPERS.values())


def is_wrapper(value: object) -> bool:
    """Whether it is an author, a category or a tag."""
    return type(value) in _CLASSES


def packed(value: Any, wrapped: Callable[[URLWrapper], Any]) -> Any:
    """`value` in lists, text and numbers; `wrapped` says what stands for an author, a category or a tag.

    Raises:
        TypeError: when it would not come back as it is.
    """
    kind = type(value)
    if value is None or kind in (str, bool, int, float):
        return value
    if kind is list:
        return ["list", [packed(one, wrapped) for one in value]]
    if kind is ZoneInfo and value.key:
        return ["zone", value.key]
    if kind in (SafeDatetime, datetime):
        zone = value.tzinfo.key if type(value.tzinfo) is ZoneInfo else None
        text = value.isoformat() if zone is None else value.replace(tzinfo=None).isoformat()
        return ["date" if kind is SafeDatetime else "datetime", text, zone, value.fold]
    if kind in _CLASSES:
        return ["wrapper", wrapped(value)]
    raise TypeError(kind)


def unpacked(given: Any, wrapper: Callable[[Any], URLWrapper]) -> Any:
    """The value again; `wrapper` makes what `wrapped` stood for."""
    if type(given) is not list:
        return given
    kind, value = given[0], given[1]
    if kind == "wrapper":
        return wrapper(value)
    if kind == "list":
        return [unpacked(one, wrapper) for one in value]
    if kind == "zone":
        return ZoneInfo(value)
    date = (SafeDatetime if kind == "date" else datetime).fromisoformat(value)
    return date.replace(tzinfo=ZoneInfo(given[2]) if given[2] else date.tzinfo, fold=given[3])
