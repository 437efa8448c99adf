"""`feed.json`: JSON Feed 1.1 of the newest articles and dated docs, with their full text. The newsletter reads
nothing else.

Source: https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from milepost.reading.model import Settings
from milepost.reading.pictures.gallery import KEY
from milepost.reading.pictures.picture import Picture
from milepost.reading.structured import picture
from milepost.reading.text import absolute, plain

NAME = "feed.json"
MOST = 50
DOCS = "Docs"
"""The tag of docs, which have no category."""


def text_of(
    articles: Iterable[Any], context: Mapping[str, Any], settings: Settings, docs: Iterable[Any] = ()
) -> str:  # fmt: skip
    """The feed of `articles` and `docs`, newest first, the newest 50; the same for the same contents."""
    topics = [*((one, str(one.category.name)) for one in articles), *((one, DOCS) for one in docs)]
    newest = sorted(topics, key=lambda found: (found[0].date, found[0].slug), reverse=True)[:MOST]
    site = context["SITEURL"]
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": context["SITENAME"],
        "home_page_url": f"{site}/",
        "feed_url": f"{site}/{NAME}",
        "description": settings.tagline,
        "language": context["DEFAULT_LANG"],
        "items": [_item(content, topic, context) for content, topic in newest],
    }
    return json.dumps({name: value for name, value in feed.items() if value != ""}, ensure_ascii=False, indent=1) + "\n"


def _item(article: Any, topic: str, context: Mapping[str, Any]) -> dict[str, Any]:
    site = context["SITEURL"]
    url = f"{site}/{article.url}"
    touchpoint = getattr(getattr(article, "touchpoint", None), "id", None)
    item: dict[str, Any] = {
        # What survives a change of address, where there is such a thing.
        "id": touchpoint or url,
        "url": url,
        "title": plain(article.title),
        "content_html": absolute(article.get_content(site), url),
        "summary": plain(article.summary or ""),
        "date_published": article.date.isoformat(),
        "authors": [_author(author, context) for author in getattr(article, "authors", ())],
        "tags": [topic, *(str(tag.name) for tag in getattr(article, "tags", ()))],
        "language": article.lang,
    }
    if getattr(article, "modified", None):
        item["date_modified"] = article.modified.isoformat()
    if getattr(article, "image", None):
        item["image"] = picture(context, article.image)
    ours = {"touchpoint": touchpoint, "image": _size(article, context)}
    if any(ours.values()):
        item["_milepost"] = {name: value for name, value in ours.items() if value}
    return item


def _size(article: Any, context: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a mail must say of the picture at `image`: its size in pixels, and the text in its place."""
    gallery = context.get(KEY)
    found = gallery.find(f"/{article.image.lstrip('/')}", "") if gallery and getattr(article, "image", None) else None
    if not isinstance(found, Picture):
        return None
    shown = found.fallback
    return {"width": shown.width, "height": shown.height, "alt": str(getattr(article, "image_alt", "") or "")}


def _author(author: Any, context: Mapping[str, Any]) -> dict[str, str]:
    named = {"name": str(author.name), "url": f"{context['SITEURL']}/{author.url}"}
    photo = getattr(getattr(author, "bio", None), "photo", None)
    return named | ({"avatar": picture(context, photo)} if photo else {})
