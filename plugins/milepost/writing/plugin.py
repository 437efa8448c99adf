"""Pelican's half of writing: checks before anything is written, no trace of what is not to be published yet, and
what the fields of front matter do: updates, series, old addresses.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pelican import signals
from pelican.contents import Article, Content
from pelican.log import FatalLogger
from pelican.utils import get_date, set_date_tzinfo

from milepost import hooks, sources
from milepost.writing import series
from milepost.writing.addresses import aware
from milepost.writing.dialect import settings as dialect
from milepost.writing.entries import entries
from milepost.writing.findings import all_findings, all_sources, all_waiting
from milepost.writing.model import UNPUBLISHED
from milepost.writing.redirects import LIST, Redirect, listed
from milepost.writing.unpublished import PREVIEW, with_banner

_REDIRECTS, _FUTURE = "_MILEPOST_REDIRECTS", "_MILEPOST_FUTURE"


def check(pelican: Any) -> None:
    """Stop the build with every error of every file; log what is only doubtful.

    Under `--fatal warnings` a warning is an error, and all of them are named, not only the first.
    """
    settings = hooks.settings_of(pelican.settings)
    read = all_sources(settings)
    found = all_findings(read, settings)
    strict = FatalLogger.fatal_lvl <= logging.WARNING
    if errors := [finding for finding in found if strict or finding.severity == "error"]:
        hooks.stop(errors)
    for finding in found:
        hooks.log.warning("%s", finding)
    pelican.settings["MARKDOWN"] = dialect.merged(pelican.settings["MARKDOWN"])
    pelican.settings[_REDIRECTS] = []
    # Otherwise Pelican would make drafts of articles of the future, and write them to `drafts/`.
    pelican.settings[_FUTURE] = pelican.settings["WITH_FUTURE_DATES"]
    for due in (one.date for one in all_waiting(read, settings) if one.date):
        hooks.right_until(pelican.settings, due)
    pelican.settings["WITH_FUTURE_DATES"] |= bool(pelican.settings.get(PREVIEW))


def skip_unpublished(generator: Any, metadata: dict[str, Any]) -> None:
    """Let Pelican skip drafts, which it would write to `drafts/`, and articles of the future, which it makes drafts."""
    date, settings = metadata.get("date"), generator.settings
    if settings.get(PREVIEW):
        return
    to_come = (
        isinstance(date, datetime)
        and hasattr(generator, "articles")
        and not settings["WITH_FUTURE_DATES"]
        and aware(date, settings) > datetime.now(UTC)
    )
    if to_come or str(metadata.get("status", "")).lower() in UNPUBLISHED:
        metadata["status"] = "skip"


def show_unpublished(content: Content) -> None:
    """In the preview, let drafts and what is scheduled be published, as `unpublished`: "draft" or "scheduled"."""
    settings = content.settings
    if not settings.get(PREVIEW):
        return
    now = datetime.now(UTC)
    if content.status == "draft":
        content.status, content.unpublished = "published", "draft"
        # An article must have a date, and a draft need not have been given one.
        content.date = getattr(content, "date", now.astimezone(content.timezone))
        content.locale_date = content.date.strftime(content.date_format)
    elif isinstance(content, Article) and not settings[_FUTURE] and content.date > now:
        content.unpublished = "scheduled"


def add_banner(html: str, context: Mapping[str, Any]) -> tuple[str, None]:
    """Say on the page of what is not published yet that it is not."""
    content = context.get("article") or context.get("page")
    if state := getattr(content, "unpublished", None):
        html = with_banner(html, content.date if content and state == "scheduled" else None)
    return html, None


def keep_out_of_feeds(context: dict[str, Any], feed: Any) -> None:
    """Take what is not published yet out of a feed of the preview: an issue may be made from one."""
    hidden = {f"{context['SITEURL']}/{one.url}" for one in _contents(context) if getattr(one, "unpublished", None)}
    feed.items = [item for item in feed.items if item["link"] not in hidden]


def withhold_unpublished_sources(generator: Any) -> None:
    """Take the text of skipped sources out of the static files: Pelican copies what no generator took."""
    settings = hooks.settings_of(generator.settings)
    written = {Path(static.source_path) for static in generator.staticfiles}
    read = all_sources(settings) if any(path.suffix in sources.SUFFIXES for path in written) else None
    held_back = {entry.source.path for entry in entries(read, settings) if not entry.published} if read else set()
    generator.staticfiles = [
        static for static in generator.staticfiles if Path(static.source_path) not in held_back
    ]  # fmt: skip
    generator.context["staticfiles"] = generator.staticfiles


def date_update(content: Content) -> None:
    """Let `Updated:` be what Pelican and every theme know as `modified`."""
    if updated := content.metadata.get("updated"):
        content.modified = set_date_tzinfo(get_date(str(updated).replace("_", " ")), str(content.timezone))
        content.locale_modified = content.modified.strftime(content.date_format)


def order_series(generator: Any) -> None:
    """Give every article that is part of a series `in_series`, its place there."""
    every = [*generator.articles, *generator.translations]
    for lang in {article.lang for article in every}:
        for article, place in series.places([article for article in every if article.lang == lang]):
            article.in_series = place


def _contents(context: dict[str, Any]) -> Iterator[Content]:
    """Everything that was read and is published. Pelican keeps a place for what could not be."""
    published = ("published", "hidden")
    yield from (one for one in context["generated_content"].values() if getattr(one, "status", None) in published)


def collect_redirects(generators: list[Any]) -> None:
    """Remember which old addresses lead to what is published."""
    context = generators[0].context
    for content in _contents(context):
        if content.metadata.get("redirect_from"):
            given = str(content.metadata["redirect_from"]).replace(",", " ").split()
            url, title = f"{context['SITEURL']}/{content.url}", Markup(content.title).striptags()  # noqa: S704  taken out
            context[_REDIRECTS] += [Redirect(old, url, str(Markup.escape(title)), content.lang) for old in given]


def write_redirects(pelican: Any) -> None:
    """Write a page for every old address, and the list of them for hosts that answer by themselves."""
    redirects: list[Redirect] = pelican.settings[_REDIRECTS]
    output = Path(pelican.output_path)
    for redirect in redirects:
        file = output / redirect.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(redirect.page(), encoding="utf-8")
    if redirects:
        (output / LIST).write_text(listed(redirects, pelican.settings["SITEURL"]), encoding="utf-8")


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(check)
    signals.article_generator_context.connect(skip_unpublished)
    signals.page_generator_context.connect(skip_unpublished)
    signals.content_object_init.connect(date_update)
    signals.content_object_init.connect(show_unpublished)
    signals.article_generator_finalized.connect(order_series)
    signals.static_generator_finalized.connect(withhold_unpublished_sources)
    signals.all_generators_finalized.connect(collect_redirects)
    signals.finalized.connect(write_redirects)
    signals.feed_generated.connect(keep_out_of_feeds)
    hooks.on_page(hooks.PageStep("banner", add_banner, lambda *_: None, None))
