"""Pelican's half of authors: bios on content and on author pages, and one slug for both.

The bios of a build are kept in Pelican's settings, which live as long as the build.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pelican import signals
from pelican.contents import Author, Content, Static
from pelican.readers import BaseReader
from pelican.utils import posixize_path, slugify
from PIL import Image

from milepost import hooks, sources
from milepost.authors.model import Bio, Fields, Settings
from milepost.schema import validate

_FILES, _BIOS = "_MILEPOST_AUTHOR_FILES", "_MILEPOST_BIOS"


class BioText(Content):  # type: ignore[misc]
    """A bio's body, whose `{static}` and `{filename}` links Pelican fills in."""


def keep_apart(pelican: Any) -> None:
    """Keep author files out of articles and pages, and let every `Author` have its file's slug.

    By Pelican's own substitutions, so that `{author}` links and comparisons by name agree too.
    """
    settings = pelican.settings
    ours = hooks.settings_of(settings)
    folders = ours.of(Settings).folders()
    hooks.keep_apart(settings, folders["author"])
    settings[_FILES] = [_read(source) for source in sources.read(ours.site.content, folders).all]
    rules = [
        (rf"^\s*{re.escape(_before_substitutions(fields.name, settings))}\s*$", fields.slug)
        for _, fields in settings[_FILES]
        if fields.slug
    ]
    usual = settings.get("AUTHOR_REGEX_SUBSTITUTIONS", settings["SLUG_REGEX_SUBSTITUTIONS"])
    settings["AUTHOR_REGEX_SUBSTITUTIONS"] = [*rules, *usual]


def _read(source: sources.Source) -> tuple[Path, Fields]:
    fields, faults = validate(source, Fields)
    if not isinstance(fields, Fields):
        hooks.stop(faults)
    return source.path, fields


def _before_substitutions(name: str, settings: dict[str, Any]) -> str:
    plain: str = slugify(name, preserve_case=True, use_unicode=settings["SLUGIFY_USE_UNICODE"])
    return plain


def read_bios(generator: Any) -> None:
    """Read every author file with Pelican's Markdown reader, before the first article is read."""
    settings, context = generator.settings, generator.context
    bios: dict[str, Bio] = {}
    for path, fields in settings[_FILES]:
        reader: BaseReader = generator.readers.readers["md"]
        html, _ = reader.read(str(path))
        text = BioText(html, {}, settings, str(path), context)
        context["static_links"] |= text.get_static_links()
        if fields.photo:
            context["static_links"].add(fields.photo)
        # A source that no generator takes would be copied where STATIC_PATHS has its folder.
        context["generated_content"][text.get_relative_source_path()] = None
        author = Author(fields.name, settings)
        bios[author.slug] = Bio(
            name=fields.name,
            slug=author.slug,
            role=fields.role,
            organisation=fields.organisation,
            photo=posixize_path(settings["STATIC_URL"].format(path=fields.photo)) if fields.photo else None,
            photo_size=_size(Path(settings["PATH"]) / fields.photo) if fields.photo else None,
            links=fields.links,
            url=author.url,
            text=text,
        )
    settings[_BIOS] = bios


def _size(picture: Path) -> tuple[int, int] | None:
    try:
        with Image.open(picture) as image:
            return image.size
    except OSError:  # no picture that Pillow knows: an SVG, say
        return None


def attach_bios(content: Any) -> None:
    """Give content its `author_bios`, and each of its `Author` objects its `bio` or None."""
    bios: dict[str, Bio] = content.settings.get(_BIOS, {})
    if isinstance(content, Static | BioText):
        return
    authors = getattr(content, "authors", [])
    for author in authors:
        author.bio = bios.get(author.slug)
    content.author_bios = [author.bio for author in authors if author.bio]


def write_pages_of_the_rest(generator: Any, writer: Any) -> None:
    """Write a page for every author who has a file and no listed article, so that no bio's link is dead."""
    listed = {author.slug for author, _ in generator.authors}
    for slug, bio in sorted(generator.settings[_BIOS].items()):
        if slug in listed:
            continue
        author = Author(bio.name, generator.settings)
        author.bio = bio
        writer.write_file(
            author.save_as,
            generator.get_template("author"),
            generator.context,
            url=author.url,
            author=author,
            articles=[],
            dates=[],
            template_name="author",
            blog=True,
            page_name=author.page_name,
            all_articles=generator.articles,
            relative_urls=generator.settings["RELATIVE_URLS"],
        )


def add_templates(generator: Any) -> None:
    """Let templates include `authors/box.html`."""
    hooks.add_templates(generator, "authors")


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(keep_apart)
    signals.generator_init.connect(add_templates)
    signals.article_generator_init.connect(read_bios)
    signals.content_object_init.connect(attach_bios)
    signals.article_writer_finalized.connect(write_pages_of_the_rest)
