"""What Pelican makes of an article's or a page's front matter: its slug, its file in the output, whether it is out yet.

Pelican's rules, by Pelican's settings; knows no Pelican object, so that 10,000 files are judged in seconds.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from milepost.schema import FrontMatter
from milepost.slugs import slugify
from milepost.writing.model import UNPUBLISHED, Addressed, Fields


def defaults(place: str, pelican: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that the file at `place` (below PATH) has without naming them: by its path, or for every file."""
    found = {key.lower(): value for key, value in dict(pelican.get("DEFAULT_METADATA") or ()).items()}
    if pelican.get("DEFAULT_DATE"):
        found["date"] = datetime.min
    for path, fields in sorted(pelican.get("EXTRA_PATH_METADATA", {}).items()):
        if place == path or place.startswith(posixpath.join(path, "")):
            found |= fields
    base = posixpath.splitext(posixpath.basename(place))[0]
    by_path: dict[str, str] = {}
    for setting, text in (("FILENAME_METADATA", base), ("PATH_METADATA", place)):
        match = re.match(pelican[setting], text) if pelican.get(setting) else None
        for key, value in match.groupdict().items() if match else ():
            if value is not None:
                by_path.setdefault(key.lower(), value)
    return found | by_path


def published(fields: FrontMatter, kind: str, pelican: Mapping[str, Any], now: datetime) -> bool:
    """Whether the build publishes it: no draft, no hidden doc, and no article of the future unless WITH_FUTURE_DATES.

    `now` is aware of its zone; a date without one is in TIMEZONE.
    """
    if not isinstance(fields, Fields):
        return True
    # A doc is in the tree or nowhere.
    if fields.status in UNPUBLISHED or (kind == "doc" and fields.status == "hidden"):
        return False
    if kind != "article" or pelican.get("WITH_FUTURE_DATES", True) or fields.date is None:
        return True
    return aware(fields.date, pelican) <= now


def aware(date: datetime, pelican: Mapping[str, Any]) -> datetime:
    """`date` in its own zone, or else in the site's."""
    return date if date.tzinfo else date.replace(tzinfo=ZoneInfo(pelican.get("TIMEZONE") or "UTC"))


def slug(fields: Addressed, place: str, pelican: Mapping[str, Any]) -> str:
    """The slug as given, or as Pelican makes it of the title or the file's name; may be empty."""
    if fields.slug:
        return fields.slug
    by_title = pelican.get("SLUGIFY_SOURCE", "title") == "title"
    return slugify(fields.title if by_title else posixpath.splitext(posixpath.basename(place))[0], pelican)


def save_as(fields: Addressed, kind: str, place: str, slug: str, pelican: Mapping[str, Any]) -> str | None:
    """Where in the output it is written, as a normal path; None where a pattern of the site's needs more."""
    if fields.save_as:
        return posixpath.normpath(fields.save_as)
    default_lang = str(pelican.get("DEFAULT_LANG", "en")).lower()
    lang = fields.lang or default_lang
    setting = f"{kind.upper()}_SAVE_AS" if lang == default_lang else f"{kind.upper()}_LANG_SAVE_AS"
    pattern = str(pelican.get(setting) or "")
    first_author = re.split("[;,]", fields.authors or fields.author)[0].strip()
    values = defaultdict(
        str,
        slug=slug,
        lang=lang,
        path=place,
        date=aware(fields.date, pelican) if fields.date else datetime.now(ZoneInfo("UTC")),
        author=slugify(first_author, pelican, "AUTHOR") if "{author" in pattern else "",
        category=slugify(_category(fields, place, pelican), pelican, "CATEGORY") if "{category" in pattern else "",
    )
    try:
        return posixpath.normpath(pattern.format_map(values)) if pattern else None
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return None


def _category(fields: Addressed, place: str, pelican: Mapping[str, Any]) -> str:
    if fields.category:
        return fields.category
    folder = posixpath.basename(posixpath.dirname(place))
    by_folder = pelican.get("USE_FOLDER_AS_CATEGORY", True) and folder
    return str(folder if by_folder else pelican.get("DEFAULT_CATEGORY", ""))
