"""The pages of settings and of the environment, from the models that read them."""

from __future__ import annotations

import json
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from milepost import slices
from milepost.schema import SliceSettings
from milepost.settings import Environment
from reference.words import anchor, page, prose, term, terms

SETTINGS = "Milepost’s own settings in pelicanconf.py: name, kind of value, default and meaning."
BEGIN = """\
Most of `pelicanconf.py` is [Pelican’s own](https://docs.getpelican.com/en/latest/settings.html). These are
Milepost’s. One that is misspelt, or has a value of the wrong kind, is refused with its line. What is secret, or
belongs to one machine, is in the [environment]({filename}environment.md)."""
ENVIRONMENT = "What is secret, or belongs to one machine: the variables that Milepost reads."
ENVIRONMENT_BEGIN = """\
Nothing of the environment is ever published. A variable that is set to nothing counts as not set. The file of
the settings themselves is named by `-s` of every command, or by `MILEPOST_SETTINGS`."""


def models() -> dict[str, type[SliceSettings]]:
    """The settings of each slice that has some."""
    return {name: part.Settings for name, part in slices.parts("model") if hasattr(part, "Settings")}


def text() -> str:
    """The page of settings, by slice."""
    parts = [f"## {name.capitalize()}\n\n{_listed(model)}" for name, model in models().items()]
    return page("Settings", 2, SETTINGS, BEGIN, *parts)


def environment() -> str:
    """The page of the environment."""
    return page("Environment", 3, ENVIRONMENT, ENVIRONMENT_BEGIN, _listed(Environment))


def _listed(model: type[BaseModel]) -> str:
    return terms(
        term(str(field.alias), anchor(str(field.alias)), prose(field.description or ""), _holds(field, model))
        for field in model.model_fields.values()
    )


def _holds(field: FieldInfo, model: type[BaseModel]) -> str:
    if model is not Environment:
        kind = kind_of(field.annotation)
        return f"{kind[:1].upper()}{kind[1:]}, {_default(field.default)}."
    if field.default in (None, ""):
        return ""
    return f"By default `{'on' if field.default is True else field.default}`."


def _default(value: Any) -> str:
    if value is None:
        return "by default none"
    if isinstance(value, bool):
        return f"by default `{value}`"
    return f"by default `{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def kind_of(annotation: Any) -> str:
    """What a value of that type is, in words of Python."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(inside[0])
    if origin in (Union, UnionType):
        return kind_of(next(one for one in inside if one is not type(None)))
    if origin is tuple:
        return f"list of {kind_of(inside[0])}"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "dictionary"
    return {str: "text", int: "whole number", float: "number", bool: "True or False"}[annotation]
