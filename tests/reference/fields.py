"""The page of front matter, from the schemas that check it."""

from __future__ import annotations

from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from milepost import slices
from milepost.schema import KINDS, front_matter
from reference.words import anchor, page, prose, term, terms

SUMMARY = "Every field that a file may begin with, by kind: what it holds, and what happens without it."
BEGIN = """\
A file begins with its front matter, a field a line: `Title: What silence means`. A line of `---` before and
after it is allowed, and between such lines there may be comments, which begin with `#`. Case does not matter in
the name of a field, and no field may stand twice. `milepost new` begins a file with those of its kind.

A field that is not on this page is refused, with the nearest that is. Fields that your own theme reads are
named in the setting [`FRONT_MATTER_FIELDS`]({filename}settings.md#front-matter-fields)."""
OWN = (("author",), ("issue",))
"""What no page of the site is written as."""
PLURALS = {"article": "articles", "doc": "docs", "page": "pages", "author": "author files", "issue": "issues by hand"}


def schemas() -> dict[str, dict[str, FieldInfo]]:
    """The fields of each kind, by name, of all slices."""
    return {kind: front_matter(kind, slices.NAMES).model_fields for kind in KINDS}


def text() -> str:
    """The page. Fields that several kinds share stand once, below the names of those kinds."""
    found = schemas()
    groups: dict[tuple[str, ...], dict[str, FieldInfo]] = {}
    for kind in KINDS:
        for name, field in found[kind].items():
            same = tuple(other for other in KINDS if _alike(found[other].get(name), field))
            groups.setdefault(same, {})[name] = field
    order = sorted(groups, key=lambda kinds: (-len(kinds), [KINDS.index(kind) for kind in kinds]))
    parts = [f"## {_heading(kinds)}\n\n{_listed(kinds, groups[kinds])}" for kinds in order]
    return page("Front matter", 1, SUMMARY, BEGIN, *parts)


def _alike(one: FieldInfo | None, other: FieldInfo) -> bool:
    return one is not None and (one.annotation, one.description) == (other.annotation, other.description)


def _heading(kinds: tuple[str, ...]) -> str:
    names = [PLURALS[kind] for kind in kinds]
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{joined[:1].upper()}{joined[1:]}{' alone' if len(names) == 1 and kinds not in OWN else ''}"


def _listed(kinds: tuple[str, ...], fields: dict[str, FieldInfo]) -> str:
    first = sorted(fields, key=lambda name: (not fields[name].is_required(), name))
    prefix = kinds[0] if kinds in OWN else ""
    return terms(
        term(f"{name.capitalize()}:", anchor(prefix, name), prose(field.description or ""), _holds(field))
        for name, field in ((name, fields[name]) for name in first)
    )


def _holds(field: FieldInfo) -> str:
    default = field.default if isinstance(field.default, str) and field.default else None
    needed = "required" if field.is_required() else f"by default `{default}`" if default else "optional"
    kind = kind_of(field.annotation)
    return f"{kind[:1].upper()}{kind[1:]}, {needed}."


def kind_of(annotation: Any) -> str:
    """What a value of that type is, in words."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(inside[0])
    if origin in (Union, UnionType):
        return kind_of(next(one for one in inside if one is not type(None)))
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inside)
    if origin is tuple:
        return "list"
    return {str: "text", int: "whole number", bool: "true or false", datetime: "date"}[annotation]
