"""What a page says of itself in its head: its address, description and picture, and who it is by.

Made of the context that Pelican renders a page with; a slice that writes a page of its own gives it there `page_words`:
title and description, plain text. Knows no template and writes no file.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from milepost.reading import structured
from milepost.reading.model import Settings
from milepost.reading.text import plain, shortened

ERROR_PAGE = "404.html"
_LISTINGS = {
    "archives": ("Archives", "Every article of {site}, by date"),
    "categories": ("Categories", "What {site} writes about, by category"),
    "tags": ("Tags", "What {site} writes about, by tag"),
    "search": ("Search", "Search the articles and docs of {site}"),
    "authors": ("Authors", "Who writes for {site}"),
}


@dataclass(frozen=True)
class Head:
    """One page's head. Addresses are absolute; `canonical` is None where a page stands for no address."""

    title: str
    description: str
    canonical: str | None
    type: str
    json_ld: Markup
    image: str | None = None
    image_alt: str = ""
    image_size: tuple[int, int] | None = None
    published: str | None = None
    updated: str | None = None
    languages: tuple[tuple[str, str], ...] = ()
    """(language, address) of the page in each language it is in, itself included; empty where there is only one."""


def head_of(context: Mapping[str, Any], settings: Settings) -> Head:
    """The head of the page that is rendered with `context`."""
    content = context.get("article") or context.get("page")
    title, description = _content_words(content) if content else _listing_words(context, settings)
    canonical = f"{context['SITEURL']}/{address_of(context['output_file'])}"
    number = getattr(context.get("articles_page"), "number", 1)
    card = getattr(content, "card", None) or context.get("site_card")
    return Head(
        title=title,
        description=shortened(description) + (f", page {number}" if number > 1 else ""),
        canonical=None if context["output_file"] == ERROR_PAGE else canonical,
        type="article" if "article" in context else "profile" if "author" in context else "website",
        json_ld=_html_safe(structured.graph(context, settings, title, description, canonical)),
        image=f"{context['SITEURL']}/{card.name}" if card else None,
        image_alt=card.alt if card else "",
        image_size=(card.width, card.height) if card else None,
        published=_iso(getattr(content, "date", None)) if "article" in context else None,
        updated=_iso(getattr(content, "modified", None)) if "article" in context else None,
        languages=tuple(_languages(content, context["SITEURL"])) if content else (),
    )


def _languages(content: Any, site: str) -> Iterator[tuple[str, str]]:
    translations = getattr(content, "translations", ())
    if not translations:
        return
    every = sorted([content, *translations], key=lambda one: str(one.lang))
    yield from ((one.lang, f"{site}/{one.url}") for one in every)
    # For who reads none of them.
    yield from (("x-default", f"{site}/{one.url}") for one in every if one.in_default_lang)


def address_of(file: str) -> str:
    """The address below SITEURL of a file below the output folder."""
    return file[: -len("index.html")] if posixpath.basename(file) == "index.html" else file


def feeds_of(context: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(media type, title, address) of each feed of the site, and of what the page lists."""
    for name, media_type, kind in (
        ("FEED_ALL_ATOM", "application/atom+xml", "Atom"),
        ("FEED_ALL_RSS", "application/rss+xml", "RSS"),
    ):
        if context.get(name):
            yield media_type, f"{context['SITENAME']} ({kind})", f"{context['SITEURL']}/{context[name]}"
    for kind, setting in (("category", "CATEGORY_FEED_ATOM"), ("tag", "TAG_FEED_ATOM"), ("author", "AUTHOR_FEED_ATOM")):
        # Pelican writes no feed for an author who has written nothing yet.
        if kind in context and context.get(setting) and context.get("articles"):
            address = str(context[setting]).format(slug=context[kind].slug)
            yield (
                "application/atom+xml",
                f"{context['SITENAME']} - {context[kind].name}",
                f"{context['SITEURL']}/{address}",
            )
    yield "application/feed+json", f"{context['SITENAME']} (JSON)", f"{context['SITEURL']}/feed.json"


def _content_words(content: Any) -> tuple[str, str]:
    title = plain(content.title)
    return title, plain(content.summary or "") or title


def _listing_words(context: Mapping[str, Any], settings: Settings) -> tuple[str, str]:
    site = str(context["SITENAME"])
    if "page_words" in context:
        title, description = context["page_words"]
        return str(title), str(description)
    for kind in ("category", "tag"):
        if kind in context:
            return str(context[kind].name), f"Articles of {site} on {context[kind].name}"
    if "author" in context:
        name, bio = str(context["author"].name), getattr(context["author"], "bio", None)
        return name, (plain(str(bio.html)) if bio else "") or f"Articles of {site} by {name}"
    name = str(context.get("page_name", "")).removesuffix("/index")
    if name in _LISTINGS:
        title, description = _LISTINGS[name]
        return title, description.format(site=site)
    return site, settings.tagline or site


def _iso(value: Any) -> str | None:
    return value.isoformat() if value else None


def _html_safe(data: Mapping[str, Any]) -> Markup:
    """JSON that no browser can take for markup: `</script>` in a title must not end the script."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(escaped)  # noqa: S704  escaped above
