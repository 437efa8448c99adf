"""The shapes every slice builds its settings and its front-matter fields on, and how they become one.

Knows pydantic, and where a slice keeps its model; knows no slice.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from milepost import slices
from milepost.errors import Finding
from milepost.sources import Source

KINDS = ("article", "doc", "page", "author", "issue")


class SliceSettings(BaseModel):
    """Base of each slice's `model.Settings`: frozen; each field's alias is its name in `pelicanconf.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)

    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """Where the slice's own kinds of source are: kind -> folders below PATH."""
        return {}

    def kept(self) -> tuple[str, ...]:
        """The files below MILEPOST_VAR that a preview is built of."""
        return ()


class FieldFault(ValueError):
    """A value that cannot be meant; for validators of front-matter fields.

    `message` says what is wrong, `remedy` what to write instead, `rule` which rule it breaks.
    """

    def __init__(self, message: str, remedy: str = "", rule: str = "field") -> None:
        super().__init__(message)
        self.message, self.remedy, self.rule = message, remedy, rule


class FrontMatter(BaseModel):
    """Base of each slice's front-matter fields, by the lower-case name that Pelican gives them.

    A field's docstring is what its writer is told of it, in a new file and in the docs.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

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


def validate(
    source: Source,
    model: type[FrontMatter],
    defaults: Mapping[str, Any] | None = None,
    required: Iterable[str] = (),
    extra: Iterable[str] = (),
) -> tuple[FrontMatter | None, list[Finding]]:
    """The front matter of `source` as `model` reads it, or None, and what is wrong with it.

    Args:
        defaults: values of fields that the file need not name, such as a date from its path.
        required: fields that this file must have, beside those that the model requires of every one.
        extra: lower-case names of fields that are allowed beside the model's, and not looked into.
    """
    skipped = set(extra)
    known = {*model.model_fields, *skipped}
    values = {name: value for name, value in (defaults or {}).items() if name in model.model_fields}
    values |= {name: value for name, (value, _) in source.fields.items() if name not in skipped}
    faults: list[Mapping[str, Any]] = [{"type": "missing", "loc": (name,)} for name in required if name not in values]
    parsed = None
    try:
        parsed = model.model_validate(values)
    except ValidationError as error:
        faults += [dict(fault) for fault in error.errors(include_url=False)]
    # A misspelt field is one fault, not two: what it was meant to be is not missing.
    meant = {nearest(name, known) for name in source.fields if name not in known}
    faults = [fault for fault in faults if fault["type"] != "missing" or fault["loc"][0] not in meant]
    return parsed, [_finding(source, fault, known) for fault in faults]


def _finding(source: Source, fault: Mapping[str, Any], known: set[str]) -> Finding:
    key = str(fault["loc"][0]) if fault["loc"] else ""
    name, line = source.names.get(key, key.capitalize()), source.line(key)
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, FieldFault):
        return Finding(source.name, line, cause.rule, cause.message, cause.remedy)
    if fault["type"] == "missing":
        return Finding(source.name, line, "missing-field", f'no "{name}"', f'add "{name}: …"')
    if fault["type"] == "string_too_short":
        return Finding(source.name, line, "empty-field", f'"{name}" is empty', "fill it in")
    if fault["type"] == "int_parsing":
        return Finding(source.name, line, "field", f'"{name}: {source.get(key)}" is no whole number', "write digits")
    if fault["type"] == "extra_forbidden":
        near = nearest(key, known)
        remedy = f'did you mean "{near.capitalize()}"?' if near else "take the line out"
        return Finding(source.name, line, "unknown-field", f'unknown field "{name}"', remedy)
    what = str(cause) if cause else str(fault["msg"])
    return Finding(source.name, line, "field", f'"{name}: {source.get(key)}": {what[:1].lower()}{what[1:]}')


def nearest(name: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known name that `name` was probably meant to be, whatever its case, or None."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else None
