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


def _addresses(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = tuple(re.split(r"[\s,]+", value.strip(" ,")))
    for address in found:
        if not re.fullmatch(r"/[^?#\\]*", address) or "//" in address or ".." in address.split("/"):
            remedy = "write the path that it had on this site, like /old/post/"
            raise FieldFault(f'"{address}" is no old address', remedy, "redirect")
    return found


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
    """What the page is called; everything else can be added later."""
    date: Date | None = None
    """When it is published, in the site's time zone: 2026-01-31 09:00. A date to come schedules it."""
    modified: Date | None = None
    """Pelican's name for Updated."""
    updated: Date | None = None
    """When it last changed in a way that readers should know of."""
    status: Status = STATUSES[0]
    """published, draft (only the preview shows it), hidden (published, listed nowhere) or skip."""
    authors: str = ""
    """Who wrote it, separated by commas; each may have a file in the folder of authors."""
    author: str = ""
    """Pelican's name for one author."""
    category: str = ""
    """The one subject that it belongs to."""
    tags: str = ""
    """What else it is about, separated by commas."""
    keywords: str = ""
    """Words for the page's head alone, separated by commas."""
    summary: str = ""
    """One or two sentences for listings, search results and feeds."""
    image: Annotated[Text, BeforeValidator(_path)] | None = None
    """The lead picture: a path below the content folder, like images/picture.jpg."""
    image_alt: str | None = None
    """What the lead picture shows, for those who cannot see it."""
    lang: Text | None = None
    """Its language, where that is not the site's: de."""
    template: Text | None = None
    """Another template of the theme than that of its kind."""
    redirect_from: Annotated[tuple[str, ...], BeforeValidator(_addresses)] = ()
    """Paths that it had before, separated by spaces: /old/post/. They lead here from now on."""
    allow: str = ""
    """Rules of the check that this file may break, each with a reason: heading-order: a quoted page; …"""


class Addressed(Fields):
    """What else an article and a page have: an address that the writer may choose."""

    slug: str = ""
    """The last part of its address; made of the title where it is left out."""
    url: str | None = None
    """Its whole address below the site's, where the site's pattern will not do."""
    save_as: Text | None = None
    """The file below the output folder, where the site's pattern will not do."""
    translation: str = ""
    """true, where another file with the same slug is the original."""


class ArticleFields(Addressed):
    """What else an article has: its place among others."""

    series: str = ""
    """The name of a series that it is part of, the same in each part."""
    series_index: int | None = Field(None, gt=0)
    """Its number in the series; parts without one follow by date."""


fields: dict[str, type[FrontMatter]] = {"article": ArticleFields, "doc": Fields, "page": Addressed}
