"""The build half: puts the snapshot's comments on articles, and offers themes the fragment `comments/thread.html`.

No network: a build shows what was last fetched.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from pelican import Pelican, signals
from pelican.contents import Article
from pelican.generators import ArticlesGenerator, Generator

from milepost import hooks
from milepost.comments import snapshot, tree
from milepost.comments.model import CommentsError, Settings, Thread
from milepost.settings import Settings as AllSettings

_GENERATORS = "_MILEPOST_COMMENTS_GENERATORS"


def connect() -> None:
    """Connect the receivers; Pelican holds them weakly, so they are functions of this module."""
    signals.generator_init.connect(_offer_templates)
    signals.all_generators_finalized.connect(_keep_generators)
    signals.get_writer.connect(_attach)


def _offer_templates(generator: Generator) -> None:
    hooks.add_templates(generator, "comments")


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
    threads = _threads(settings) if settings.of(Settings).forum else None
    pages = dict(enumerate((_touchpoint(article), f"/{article.url}") for article in articles))
    found = tree.matched(threads or (), pages)
    zone = ZoneInfo(settings.site.timezone)
    for number, article in enumerate(articles):
        comments = tree.comments_of(found[number], zone) if number in found else tree.Comments()
        if str(article.metadata.get("comments", "")).strip().lower() == "closed":
            comments = comments.close()
        # Front matter's own `comments` is an attribute by now, so it is always replaced.
        article.comments = None if threads is None or (comments.closed and not comments.posts) else comments


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


def _touchpoint(article: Article) -> str | None:
    touchpoint = getattr(article, "touchpoint", None)
    # Front matter may have put a plain text there, on a site without that slice.
    return getattr(touchpoint, "id", touchpoint)


def _threads(settings: AllSettings) -> tuple[Thread, ...]:
    """The threads of the last good snapshot; a broken one costs its comments and a warning, never the build."""
    try:
        found = snapshot.read(snapshot.path_of(settings))
    except CommentsError as error:
        hooks.log.warning("%s", error)
        return ()
    return found.threads if found else ()
