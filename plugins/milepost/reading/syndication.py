"""Pelican's own feeds, Atom and RSS, made fit for readers who see them away from the site."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from pelican import signals

from milepost import hooks
from milepost.reading.model import Settings
from milepost.reading.structured import absolute as place
from milepost.reading.text import absolute

_KEPT = "_MILEPOST_FEED_PICTURES"
_PICTURE = Markup('<p><img src="{src}" alt="{alt}"></p>\n')


def complete(context: dict[str, Any], feed: Any) -> None:
    """Give a feed a description and somebody who answers for it, and each text addresses that work anywhere."""
    settings = hooks.settings_of(context).of(Settings)
    publisher = settings.organization.name if settings.organization else context["SITENAME"]
    feed.feed["description"] = feed.feed["description"] or settings.tagline or context["SITENAME"]
    feed.feed["subtitle"] = feed.feed["subtitle"] or settings.tagline or None
    # RFC 4287, 4.1.1: an entry without an author needs a feed with one.
    feed.feed["author_name"] = feed.feed.get("author_name") or publisher
    feed.feed["language"] = feed.feed.get("language") or context["DEFAULT_LANG"]
    # RFC 4287, 4.2.6: an id is of one feed alone; Pelican gives every feed the site's.
    feed.feed["id"] = feed.feed["feed_url"]
    pictures = _pictures(context)
    for item in feed.items:
        text = "content" if item.get("content") else "description"
        item[text] = pictures.get(item["link"], "") + str(item[text] or "")
        for name in ("content", "description"):
            if item.get(name):
                item[name] = absolute(str(item[name]), item["link"])


def _pictures(context: dict[str, Any]) -> dict[str, str]:
    """The picture above each article that has one, by the article's address; made once a build."""
    kept: dict[str, str] | None = context.get(_KEPT)
    if kept is None:
        site = context["SITEURL"]
        kept = context[_KEPT] = {
            f"{site}/{article.url}": str(
                _PICTURE.format(src=place(site, article.image), alt=getattr(article, "image_alt", None) or "")
            )
            for article in (*context["articles"], *context.get("translations", ()))
            if getattr(article, "image", None)
        }
    return kept


def connect() -> None:
    """Listen to Pelican; `__init__.py` of this slice calls it."""
    signals.feed_generated.connect(complete)
