"""A new source: every field that its kind may have, each with what it is for, most of them waiting behind a `#`.

Knows schemas and folders; knows no Pelican.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from milepost.errors import MilepostError
from milepost.schema import FrontMatter, front_matter
from milepost.settings import Settings
from milepost.slugs import slugify
from milepost.writing.model import ArticleFields

_WIDTH = 96
_ALIASES = {"modified", "author", "keywords", "url", "save_as"}
"""Fields of Pelican's that are for special cases, or for which there is a better one: they are in the docs."""


class NotNew(MilepostError):
    """There is such a file already, or no name can be made for it."""


def create(kind: str, title: str, settings: Settings, now: datetime | None = None) -> Path:
    """Write a new source of `kind`, and return its path. Nothing is ever overwritten.

    Raises:
        NotNew: when the file is there already, or no name can be made of `title`.
    """
    slug = slugify(title, settings.pelican)
    if not slug:
        raise NotNew(f'no name can be made of "{title}"; use letters or digits')
    path = settings.site.content / folder(kind, settings) / f"{slug}.md"
    zone = ZoneInfo(settings.site.timezone)
    text = text_of(kind, title, settings, (now or datetime.now(zone)).astimezone(zone))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError as error:
        raise NotNew(f"{os.path.relpath(path)}: is there already; choose another title") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def folder(kind: str, settings: Settings) -> str:
    """The first folder of that kind, below the content folder.

    Raises:
        NotNew: when the site has none, since the slice that knows the kind is switched off.
    """
    folders = {"article": settings.site.article_paths, "page": settings.site.page_paths}
    for name in settings.enabled:
        if name in settings.models:
            folders |= settings.models[name].folders()
    if not folders.get(kind):
        raise NotNew(f'this site has no folder for {kind}s; switch its slice on in PLUGINS, say "milepost.{kind}s"')
    return folders[kind][0]


def text_of(kind: str, title: str, settings: Settings, now: datetime) -> str:
    """The whole of a new source. Comments of front matter begin with `#`, and stand between lines of `---`."""
    schema = front_matter(kind, settings.enabled)
    given = {"name" if kind == "author" else "title": " ".join(title.split())}
    if kind == "article":
        given["date"] = f"{now:%Y-%m-%d %H:%M}"
    if "status" in schema.model_fields:
        given["status"] = "draft"
    lines = ["---"]
    for name in [*given, *sorted(schema.model_fields.keys() - given.keys() - _ALIASES, key=_order(schema))]:
        lines += _field(name, schema, given.get(name))
    body = "Who this is, in a sentence or two." if kind == "author" else "Write here."
    return "\n".join([*lines, "---", "", body, ""])


def _order(schema: type[FrontMatter]) -> Callable[[str], tuple[bool, int]]:
    """What everybody's sources have comes first, then what a slice adds, each as it is declared."""
    names = list(schema.model_fields)
    return lambda name: (name not in ArticleFields.model_fields, names.index(name))


def _field(name: str, schema: type[FrontMatter], value: str | None) -> list[str]:
    about = textwrap.wrap(" ".join((schema.model_fields[name].description or "").split()), _WIDTH)
    label = name.capitalize()
    return [*(f"# {line}" for line in about), f"{label}: {value}" if value else f"#{label}:"]
