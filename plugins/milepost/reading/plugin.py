"""Pelican's half of reading: minutes and neighbours on articles, heads of pages, feed, sitemap and robots.txt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from pelican import signals

from milepost import hooks
from milepost.headings import headings
from milepost.reading import feed, sitemap
from milepost.reading.head import ERROR_PAGE, Head, address_of, feeds_of, head_of
from milepost.reading.model import Settings
from milepost.reading.text import minutes

LEAST_SECTIONS, LEAST_MINUTES = 3, 4
_PAGES = "_MILEPOST_SITEMAP"
_UNLISTED = ("service", "search")


def start(pelican: Any) -> None:
    """Begin the list of the build's pages."""
    hooks.settings_of(pelican.settings)
    pelican.settings[_PAGES] = {}


def offer(generator: Any) -> None:
    """Let templates include `reading/head.html`, which asks for the page's head."""
    hooks.add_templates(generator, "reading")
    generator.env.globals |= {"page_head": page_head, "page_feeds": page_feeds, "contents_of": contents_of}


def contents_of(content: Any) -> list[tuple[str, Markup]]:
    """(id, text) of each section of a long text, for a table of contents; empty where a glance will do."""
    html = content.content
    sections = [(anchor, text) for level, anchor, text in headings(html) if level == 2] if "<h2" in html else []
    return sections if len(sections) >= LEAST_SECTIONS and minutes(html) >= LEAST_MINUTES else []


@pass_context
def page_head(context: Context) -> Head:
    """What the page that is rendered says of itself."""
    return head_of(cast(Mapping[str, Any], context), hooks.settings_of(context).of(Settings))


@pass_context
def page_feeds(context: Context) -> list[tuple[str, str, str]]:
    """(media type, title, address) of each feed."""
    return list(feeds_of(cast(Mapping[str, Any], context)))


def prepare(generator: Any) -> None:
    """Give every article `reading_minutes`, `newer` and `older`: its neighbours of one language, or None."""
    every = [*generator.articles, *generator.translations]
    for article in [*every, *generator.hidden_articles, *generator.hidden_translations]:
        article.reading_minutes = minutes(article._content)
        article.newer = article.older = None
    for lang in {article.lang for article in every}:
        by_date = sorted(
            (article for article in every if article.lang == lang), key=lambda article: (article.date, article.slug)
        )
        for older, newer in pairwise(by_date):
            older.newer, newer.older = newer, older


def listed(html: str, context: Mapping[str, Any]) -> tuple[str, tuple[str, str | None] | None]:
    """The page as it is, and its row of the sitemap: address and last change.

    None where it stands for no address of its own, or is listed nowhere.
    """
    content = context.get("article") or context.get("page")
    hidden = getattr(content, "status", "published") != "published"
    unlisted = context.get("touchpoint_kind") in _UNLISTED
    if hidden or unlisted or context["output_file"] == ERROR_PAGE:
        return html, None
    changed = getattr(content, "modified", None) or getattr(content, "date", None)
    url = f"{context['SITEURL']}/{address_of(context['output_file'])}"
    return html, (url, changed.isoformat() if changed else None)


def list_page(settings: Mapping[str, Any], name: str, row: tuple[str, str | None] | None) -> None:
    """Remember a page for the sitemap."""
    if row is not None and _PAGES in settings:
        url, changed = row
        settings[_PAGES][url] = changed


def write_feed(generator: Any, writer: Any) -> None:
    """Write the newest articles to `feed.json`, and docs that have a date, which is when they were announced."""
    settings = hooks.settings_of(generator.settings).of(Settings)
    # A preview shows what is not published yet; its feed does not, since an issue may be made from it.
    every = [*generator.articles, *generator.translations]
    articles = [article for article in every if not getattr(article, "unpublished", None)]
    text = feed.text_of(articles, generator.context, settings, _announced(generator))
    Path(writer.output_path, feed.NAME).write_text(text, encoding="utf-8")


def _announced(generator: Any) -> list[Any]:
    """The docs whose date has come; the feed is right until the next one's does."""
    now = datetime.now(UTC)
    dated = [doc for doc in generator.context.get("docs", ()) if getattr(doc, "date", None)]
    for doc in dated:
        if doc.date > now:
            hooks.right_until(generator.settings, doc.date)
    return [doc for doc in dated if doc.date <= now and not getattr(doc, "unpublished", None)]


def finish(pelican: Any) -> None:
    """Write sitemap and robots.txt; a robots.txt that the site brings itself is left as it is."""
    output = Path(pelican.output_path)
    (output / sitemap.NAME).write_text(sitemap.text_of(pelican.settings[_PAGES]), encoding="utf-8")
    robots = output / sitemap.ROBOTS
    if not robots.exists():
        robots.write_text(sitemap.robots(hooks.settings_of(pelican.settings).site.url), encoding="utf-8")


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(start)
    signals.generator_init.connect(offer)
    signals.article_generator_finalized.connect(prepare)
    hooks.on_page(hooks.PageStep("reading", listed, list_page, tuple[str, str | None] | None))
    signals.article_writer_finalized.connect(write_feed)
    signals.finalized.connect(finish)
