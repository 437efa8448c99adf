"""The build half: puts the snapshot's comments on articles, and offers themes the fragments of `comments/`.

A build shows what was last fetched, and asks Disqus only where it is told to. Nothing that is wrong with comments
ever fails one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from markupsafe import Markup
from pelican import Pelican, signals
from pelican.contents import Article
from pelican.generators import ArticlesGenerator, Generator

from milepost import hooks
from milepost.comments import beside, feed, snapshot, tree
from milepost.comments.model import CommentsError, Settings, Thread
from milepost.errors import MilepostError
from milepost.settings import Settings as AllSettings
from milepost.sources import BESIDE

DISCUSSION = "comments/discussion/"
"""The page that Disqus' embed runs in, and nowhere else."""
SCRIPT = "discussion.v1.js"
_GENERATORS, _PREVIEW = "_MILEPOST_COMMENTS_GENERATORS", "MILEPOST_PREVIEW"


def connect() -> None:
    """Connect the receivers; Pelican holds them weakly, so they are functions of this module."""
    signals.initialized.connect(_start)
    signals.generator_init.connect(_offer_templates)
    signals.all_generators_finalized.connect(_keep_generators)
    signals.get_writer.connect(_attach)
    signals.article_writer_finalized.connect(_write)
    signals.finalized.connect(_write_script)


def _start(pelican: Pelican) -> None:
    """Keep exported comments from being read as articles, and fetch what is new where the build is told to."""
    pelican.settings["IGNORE_FILES"] = [*pelican.settings["IGNORE_FILES"], f"*{BESIDE}"]
    settings = hooks.settings_of(pelican.settings)
    ours = settings.of(Settings)
    # The preview builds at every keystroke, and Disqus has a limit.
    if not (ours.forum and ours.fetch_at_build) or pelican.settings.get(_PREVIEW):
        return
    hooks.right_until(pelican.settings, datetime.now(UTC))
    from milepost.comments.refresh import refreshed, transport_of

    try:
        with transport_of(settings, hurried=True) as transport:
            refreshed(settings, transport, datetime.now(UTC))
    except MilepostError as error:
        hooks.advise(f"comments are those of the last fetch: {error}")


def _offer_templates(generator: Generator) -> None:
    hooks.add_templates(generator, "comments")
    generator.env.globals["comments_forum"] = hooks.settings_of(generator.settings).of(Settings).forum
    generator.env.globals["comments_discussion"] = DISCUSSION
    generator.env.globals["comments_feed"] = feed.text_of


def _keep_generators(generators: list[Generator]) -> None:
    """Remember the generators for `_attach`, which is told of none."""
    generators[0].settings[_GENERATORS] = generators


def _attach(pelican: Pelican) -> None:
    """Set `article.comments` on every article: Comments, or None where there are none to show.

    At `get_writer`, the last moment before anything is rendered: Pelican calls the receivers of one signal in no
    particular order, and `article.touchpoint` is set by another slice before this.
    """
    settings = hooks.settings_of(pelican.settings)
    articles = [article for generator in pelican.settings.pop(_GENERATORS, ()) for article in _articles(generator)]
    if not settings.of(Settings).forum:
        for article in articles:
            article.comments = None
        return
    threads = _threads(settings)
    found = tree.matched(threads, {number: _page(article, settings) for number, article in enumerate(articles)})
    now, days = datetime.now(UTC), settings.of(Settings).close_after_days
    for number, article in enumerate(articles):
        # Front matter's own `comments` is an attribute by now, so it is always replaced.
        article.comments = _comments(article, found.get(number), settings, now)
        if days and article.date + timedelta(days=days) > now:
            hooks.right_until(pelican.settings, article.date + timedelta(days=days))
    _remember([(article, found.get(number)) for number, article in enumerate(articles)], threads, settings)


def _comments(article: Article, thread: Thread | None, settings: AllSettings, now: datetime) -> tree.Comments | None:
    """What the article shows of its thread, or None: there is nothing, and nothing can come."""
    shown = tree.comments_of(thread, ZoneInfo(settings.site.timezone)) if thread else tree.Comments()
    given = str(article.metadata.get("comments", "")).strip().lower()
    days = settings.of(Settings).close_after_days
    old = bool(days) and given != "open" and now - article.date > timedelta(days=days)
    closed = shown.closed or given == "closed" or old
    if closed and not shown.posts:
        return None
    return tree.Comments(
        count=shown.count,
        posts=shown.posts,
        closed=closed,
        identifier=_touchpoint(article) or "",
        title=Markup(article.title).striptags(),  # noqa: S704  its tags are taken out
        address=str(article.url),
        feed=quote(_feed_file(article)),
    )


def _feed_file(article: Article) -> str:
    place = str(article.save_as).removesuffix(".html").removesuffix("index").strip("/")
    return f"comments/{place or 'index'}.atom.xml"


def _articles(generator: Any) -> list[Article]:
    if not isinstance(generator, ArticlesGenerator):
        return []
    return [
        *generator.articles,
        *generator.translations,
        *generator.hidden_articles,
        *generator.hidden_translations,
        *generator.drafts,
        *generator.drafts_translations,
    ]


def _page(article: Article, settings: AllSettings) -> tree.Page:
    # A preview has no prefix, the published site may; a thread's link has the one of where it was opened.
    prefixes = dict.fromkeys(("", urlsplit(settings.site.url).path))
    given = str(article.metadata.get("redirect_from", "")).replace(",", " ").split()
    return tree.Page(
        _touchpoint(article),
        tuple(f"{prefix}/{article.url}" for prefix in prefixes),
        tuple(f"{prefix}{old}" for prefix in prefixes for old in given),
    )


def _touchpoint(article: Article) -> str | None:
    touchpoint = getattr(article, "touchpoint", None)
    # Front matter may have put a plain text there, on a site without that slice.
    return getattr(touchpoint, "id", touchpoint)


def _threads(settings: AllSettings) -> tuple[Thread, ...]:
    """The threads of the last good snapshot; a broken one costs its comments and a warning, never the build."""
    try:
        found = snapshot.read(snapshot.path_of(settings))
    except CommentsError as error:
        hooks.advise(str(error))
        return ()
    return found.threads if found else ()


def _remember(shown: list[tuple[Article, Thread | None]], threads: tuple[Thread, ...], settings: AllSettings) -> None:
    """Keep which article has which thread, for the commands, and say what belongs nowhere."""
    pages = [
        beside.Page(str(article.source_path), _touchpoint(article), f"{settings.site.url}/{article.url}", thread.id)
        for article, thread in shown
        if thread
    ]
    lost = tree.unmatched(threads, (thread for _, thread in shown if thread))
    if lost:
        what = f"{len(lost)} of {len(threads)} threads of comments belong to no article"
        hooks.advise(f"{what}; `milepost comments status` lists them")
    if threads:
        try:
            beside.remember(settings, pages)
        except CommentsError as error:
            hooks.advise(str(error))


def _write(generator: Any, writer: Any) -> None:
    """Write the page that Disqus runs in, and a feed for each article that has comments or can get some."""
    if not hooks.settings_of(generator.settings).of(Settings).forum:
        return
    writer.write_file(
        f"{DISCUSSION}index.html",
        generator.get_template("comments/discussion"),
        generator.context,
        relative_urls=generator.settings["RELATIVE_URLS"],
        override_output=True,
        url=DISCUSSION,
        touchpoint_name="discussion",
        touchpoint_kind="service",
    )
    # As a page of a template: it is left as it is when nothing of its article has changed.
    template = generator.get_template("comments/feed")
    for article in [*generator.articles, *generator.translations]:
        if article.comments:
            writer.write_file(_feed_file(article), template, generator.context, article=article)


def _write_script(pelican: Pelican) -> None:
    if hooks.settings_of(pelican.settings).of(Settings).forum:
        script = Path(__file__).parent / "static" / SCRIPT
        Path(pelican.output_path, SCRIPT).write_bytes(script.read_bytes())
