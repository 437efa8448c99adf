"""Pelican's half of reading on: articles and docs get `related` and `onward`, once all of them are read."""

from __future__ import annotations

from typing import Any

from pelican import signals

from milepost import hooks
from milepost.errors import Finding
from milepost.reading import onward
from milepost.reading.model import Settings

_CONTENTS = "_MILEPOST_READING_ON"


def relate(generators: list[Any]) -> None:
    """Give every article that is published all `related` contents, and keep all for `send_on`."""
    articles = [one for generator in generators for one in _published(generator, "articles", "translations")]
    docs = [one for generator in generators for one in _published(generator, "docs")]
    generators[0].settings[_CONTENTS] = [*articles, *docs]
    for lang in {article.lang for article in articles}:
        own = [article for article in articles if article.lang == lang]
        found = onward.related([*own, *(doc for doc in docs if doc.lang == lang)], own)
        for article in own:
            article.related = found[str(article.get_relative_source_path())]


def _published(generator: Any, *lists: str) -> list[Any]:
    # Pages have translations too; what has no list of the first name is another kind.
    return [one for name in lists for one in getattr(generator, name)] if hasattr(generator, lists[0]) else []


def send_on(pelican: Any) -> None:
    """Give every article and doc `onward`, the pages that most readers opened next, and of its `related` ones put those
    first that readers opened as well. Touchpoints are known by now."""
    ours = hooks.settings_of(pelican.settings)
    file = ours.site.file.parent / ours.of(Settings).onward
    try:
        went = onward.read(file)
    except (ValueError, KeyError, TypeError) as error:
        what = f"cannot be read: {error}"
        hooks.stop([Finding(str(file), 1, "onward", what, "run `milepost journeys report` again, or remove it")])
    contents = pelican.settings.get(_CONTENTS, ())
    by_touchpoint = {one.touchpoint.id: one for one in contents if getattr(one, "touchpoint", None)}
    for content in contents:
        here = content.touchpoint.id if getattr(content, "touchpoint", None) else ""
        others = (by_touchpoint[there] for there in went.get(here, ()) if there in by_touchpoint and there != here)
        next_ones = [one for one in others if one.lang == content.lang]
        content.onward = next_ones[: onward.MOST]
        if hasattr(content, "related"):
            content.related = onward.shown(content.related, next_ones, content.onward)


def connect() -> None:
    """Listen to Pelican; `__init__.py` of this slice calls it."""
    signals.all_generators_finalized.connect(relate)
    signals.get_writer.connect(send_on)
