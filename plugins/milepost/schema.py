"""The shapes every slice builds its settings and its front-matter fields on, and how they become one.

Knows pydantic, and where a slice keeps its model; knows no slice.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, create_model

from milepost import slices

KINDS = ("article", "doc", "page", "author")


class SliceSettings(BaseModel):
    """Base of each slice's `model.Settings`: frozen; each field's alias is its name in `pelicanconf.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class FrontMatter(BaseModel):
    """Base of each slice's front-matter fields, by the lower-case name that Pelican gives them."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, arbitrary_types_allowed=True)

    kind: ClassVar[str] = ""


@cache
def front_matter(kind: str, enabled: tuple[str, ...]) -> type[FrontMatter]:
    """The one schema for files of `kind`, of the fields that the enabled slices declare in `model.fields`."""
    bases: list[Any] = [
        model.fields[kind]
        for model in (slices.part(name, "model") for name in enabled)
        if model and kind in getattr(model, "fields", {})
    ]
    return create_model(kind.title(), __base__=tuple(bases) or FrontMatter)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known name that `name` was probably meant to be, whatever its case, or None."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else None
