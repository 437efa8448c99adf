"""The fields that every writer has, with the rules of Pelican and one more: nothing is silently ignored.

Knows front matter as text; knows no file and no Pelican object.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from milepost.schema import FieldFault, FrontMatter, SliceSettings, nearest

STATUSES = ("published", "hidden", "draft", "skip")
UNPUBLISHED = ("draft", "skip")
MULTILINE = ("summary",)
"""Fields that may go on over several lines; Pelican makes a list of any other, or drops the rest."""


_ISO = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?")


class Settings(SliceSettings):
    """The settings of writing, as `pelicanconf.py` names them."""

    fields: tuple[str, ...] = Field((), alias="FRONT_MATTER_FIELDS")
    """Fields of the site's own that its theme reads, allowed in every kind of source."""


def _date(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        if _ISO.fullmatch(value):
            return datetime.fromisoformat(value)
        from pelican.utils import get_date  # what Pelican will do with it; slow, so only for other forms

        return get_date(value.replace("_", " "))
    except (ValueError, OverflowError) as error:
        raise FieldFault(f'"{value}" is no date', "write it like 2026-01-31 09:00", "date") from error


def _status(value: object) -> object:
    status = str(value).strip().lower()
    if status and status not in STATUSES:
        near = nearest(status, STATUSES)
        remedy = f'did you mean "{near}"?' if near else f"say one of {', '.join(STATUSES)}"
        raise FieldFault(f'unknown status "{value}"', remedy, "status")
    return status or STATUSES[0]


def _path(value: object) -> object:
    path = str(value)
    if "://" in path or path.startswith(("{", "|", "//")):
        raise FieldFault(f'"{path}" is no path below the content folder', "write it like images/picture.png")
    return path


Text = Annotated[str, StringConstraints(min_length=1)]
Date = Annotated[datetime, BeforeValidator(_date)]
Status = Annotated[str, BeforeValidator(_status)]


class Fields(FrontMatter):
    """What an article, a doc and a page have in common."""

    title: Text
    date: Date | None = None
    modified: Date | None = None
    tags: str = ""
    keywords: str = ""
    category: str = ""
    author: str = ""
    authors: str = ""
    summary: str = ""
    lang: Text | None = None
    status: Status = STATUSES[0]
    template: Text | None = None
    image: Annotated[Text, BeforeValidator(_path)] | None = None
    """The lead picture: a path below the content folder."""
    image_alt: str | None = None
    image_width: int | None = Field(None, gt=0)
    image_height: int | None = Field(None, gt=0)


class Addressed(Fields):
    """What else an article and a page have: an address that the writer may choose."""

    slug: str = ""
    url: str | None = None
    save_as: Text | None = None
    translation: str = ""


fields: dict[str, type[FrontMatter]] = {"article": Addressed, "doc": Fields, "page": Addressed}
