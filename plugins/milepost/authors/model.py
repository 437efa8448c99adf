"""The bio, and the fields of the file that it is written in. Knows no file and no Pelican object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints

from milepost.schema import FieldFault, FrontMatter, SliceSettings

_SLUG = re.compile(r"[a-z0-9_]+(?:-[a-z0-9_]+)*")
_LINK = re.compile(r"(?P<label>.+?)\s+(?P<url>\S+)", re.DOTALL)
_PHOTO = re.compile(r"[{|](?:static|attach|filename)[|}]")


class Settings(SliceSettings):
    """The settings of authors, as `pelicanconf.py` names them."""

    path: str = Field("authors", alias="AUTHORS_PATH")
    """The folder of the author files, below PATH."""

    def folders(self) -> Mapping[str, tuple[str, ...]]:
        return {"author": (self.path,)}


class Text(Protocol):
    """A text that Pelican renders: its `content` is HTML with the links of the page that asks."""

    @property
    def content(self) -> str: ...


@dataclass(frozen=True)
class Bio:
    """One author as readers see them. Every text but `html` is plain, to be escaped where it is shown."""

    name: str
    slug: str
    role: str
    organisation: str
    photo: str | None
    """Its address below SITEURL."""
    photo_size: tuple[int, int] | None
    """Width and height in pixels; None where they cannot be told, as of an SVG."""
    links: tuple[tuple[str, str], ...]
    """(label, address) in the author's order."""
    url: str
    """The author's page, below SITEURL."""
    text: Text

    @property
    def html(self) -> str:
        """The bio as HTML."""
        return self.text.content


def _links(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(_link(part.strip()) for part in re.split(r"[;\n]", value) if part.strip())


def _link(text: str) -> tuple[str, str]:
    match = _LINK.fullmatch(text)
    remedy = 'write "Label https://address", several with ; between them'
    if not match:
        what = "has no label" if "://" in text else "has no address"
        raise FieldFault(f'link "{text}" {what}', remedy, "author-link")
    try:
        url = urlsplit(match["url"])
        good = (url.scheme in ("http", "https") and url.hostname) or (url.scheme == "mailto" and "@" in url.path)
    except ValueError:
        good = False
    if not good:
        raise FieldFault(f'link "{text}": {match["url"]} is no https:, http: or mailto: address', remedy, "author-link")
    return match["label"], match["url"]


def _slug(value: object) -> object:
    if not _SLUG.fullmatch(str(value)):
        raise FieldFault(f'"{value}" is no slug', "write it of a-z, 0-9 and single hyphens, like ada-sample", "slug")
    return value


def _photo(value: object) -> object:
    path = _PHOTO.sub("", str(value)).lstrip("/")
    if "://" in path or ".." in path.split("/"):
        raise FieldFault(f'photo "{value}" is no path below the content folder', "write it like images/name.jpg")
    return path


class Fields(FrontMatter):
    """The front matter of an author's file."""

    name: Annotated[str, StringConstraints(min_length=1)]
    """The name, as articles have it in Authors."""
    slug: Annotated[str, BeforeValidator(_slug)] | None = None
    """The last part of the address of the author's page; made of the name where it is left out."""
    role: str = ""
    """What they do: Editor."""
    organisation: str = ""
    """Where they do it."""
    photo: Annotated[str, BeforeValidator(_photo)] | None = None
    """A path below the content folder."""
    links: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_links)] = ()
    """Where else they are: a label and an address each, with ; between them: Site https://ada.example/"""


fields: dict[str, type[FrontMatter]] = {"author": Fields}
