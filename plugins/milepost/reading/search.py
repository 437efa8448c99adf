"""Pelican's half of search: which contents can be found, the page that searches them, and the index after the build."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pelican import signals

from milepost import hooks
from milepost.errors import MilepostError
from milepost.reading import index
from milepost.reading.head import ERROR_PAGE
from milepost.reading.text import plain

ADDRESS = "search/"
_PREVIEW = "MILEPOST_PREVIEW"
_RECORDS = "_MILEPOST_SEARCH"
_SCRIPTS = Path(__file__).parent / "static"
_LISTS = {
    "blog": ("articles", ("articles", "translations")),
    "docs": ("docs", ("docs",)),
    "pages": ("pages", ("pages", "translations")),
}
"""Surface -> the attribute that tells its generator, and the lists of what is published on it."""


def script_name(script: str) -> str:
    """Where a script of ours is published: its name changes with its text, so that it may be kept for ever."""
    digest = hashlib.sha256((_SCRIPTS / script).read_bytes()).hexdigest()[:10]
    stem, _, end = script.rpartition(".")
    return f"{ADDRESS}{stem}.{digest}.{end}"


def offer(generator: Any) -> None:
    """Tell templates where the search is."""
    generator.env.globals |= {"search_page": ADDRESS, "search_script": script_name("search.js")}


def collect(generators: list[Any]) -> None:
    """Keep a record of everything that is published, until the build has ended."""
    generators[0].settings[_RECORDS] = list(_records(generators))


def _records(generators: list[Any]) -> Iterator[index.Record]:
    for generator in generators:
        for surface, (sign, lists) in _LISTS.items():
            if not hasattr(generator, sign):
                continue
            for content in (content for name in lists for content in getattr(generator, name, ())):
                if not getattr(content, "unpublished", None) and content.save_as != ERROR_PAGE:
                    yield _record(content, surface)


def _record(content: Any, surface: str) -> index.Record:
    filters: dict[str, tuple[str, ...]] = {"surface": (surface,)}
    if surface == "blog":
        filters["category"] = (str(content.category.name),)
        filters["author"] = tuple(str(author.name) for author in getattr(content, "authors", ()))
    return index.Record(
        file=content.save_as,
        address=content.url,
        title=plain(content.title),
        lang=content.lang,
        html=content.content,
        filters=filters,
        meta={"kind": surface} | ({"date": content.locale_date} if surface == "blog" else {}),
    )


def write_page(generator: Any, writer: Any) -> None:
    """Write the page that searches."""
    writer.write_file(
        f"{ADDRESS}index.html",
        generator.get_template("reading/search"),
        generator.context,
        relative_urls=generator.settings["RELATIVE_URLS"],
        override_output=True,
        url=ADDRESS,
        page_name="search",
        touchpoint_name="search",
        touchpoint_kind="search",
    )


def finish(pelican: Any) -> None:
    """Write the script and the index. In a preview the index is made afterwards, when the page is seen already."""
    output = Path(pelican.output_path)
    for script in _SCRIPTS.glob("*.js"):
        published = output / script_name(script.name)
        published.parent.mkdir(parents=True, exist_ok=True)
        published.write_bytes(script.read_bytes())
    index.write(pelican.settings.get(_RECORDS, ()), output)
    if pelican.settings.get(_PREVIEW):
        return
    try:
        index.build(output, hooks.settings_of(pelican.settings).env.var / index.CACHE)
    except MilepostError as error:
        hooks.stop([error])


def connect() -> None:
    """Listen to Pelican; `__init__.py` of this slice calls it."""
    signals.generator_init.connect(offer)
    signals.all_generators_finalized.connect(collect)
    signals.article_writer_finalized.connect(write_page)
    signals.finalized.connect(finish)
