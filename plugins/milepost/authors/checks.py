"""The checks of author files: photos, names and slugs that stand twice, and authors that have no file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from milepost.authors.model import Fields
from milepost.authors.model import Settings as AuthorSettings
from milepost.errors import Finding
from milepost.schema import validate
from milepost.settings import Settings
from milepost.slugs import slugify
from milepost.sources import Source, Sources

RULES = {
    "author-link": "Links of an author are written Links: Label https://address; Label https://address",
    "author-twice": "An author has one file: two with one name, or with one slug, would be one page.",
    "author-without-bio": "A bio says who somebody is, in a sentence or two below the fields of their file. Without "
    "it their box and their page say only a name.",
    "author-without-file": "An author who has no file has a page, but no bio on it and no box below what they wrote.",
}


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """What is wrong with the author files, and who has none."""
    known: dict[str, str] = {}
    slugs: dict[str, str] = {}
    for source in sources.of_kind("author"):
        name = source.get("name") or ""
        by_name = slugify(name, settings.pelican)
        slug = source.get("slug") or by_name
        if by_name and by_name in known:
            what = f'"{name}" has a file already: {known[by_name]}'
            yield Finding(source.name, source.line("name"), "author-twice", what, "make them one")
        elif slug and slug in slugs:
            line = source.line("slug" if "slug" in source.fields else "name")
            what = f'slug "{slug}" is that of {slugs[slug]} too'
            yield Finding(source.name, line, "author-twice", what, 'give one of them another "Slug: …"')
        known.setdefault(by_name, source.name)
        slugs.setdefault(slug, source.name)
        yield from _missing_photo(source, sources)
        # Of two files of one author it is enough to say that they are two.
        if name and known[by_name] == source.name and not source.body.strip():
            what, remedy = f'"{name}" has no bio', "write a sentence or two below the fields"
            yield Finding(source.name, source.line("name"), "author-without-bio", what, remedy, "warning")
    yield from _without_file(sources, known, settings)


def _missing_photo(source: Source, sources: Sources) -> Iterator[Finding]:
    fields, _ = validate(source, Fields)
    if isinstance(fields, Fields) and fields.photo and not (sources.content / fields.photo).is_file():
        what = f"photo {source.get('photo')} is not there"
        remedy = f"add {fields.photo} to the content folder, or mend the path"
        yield Finding(source.name, source.line("photo"), "missing-image", what, remedy)


def _without_file(sources: Sources, known: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """One warning an author, at the first file that names them."""
    found: dict[str, list[tuple[Source, str]]] = {}
    for source in sources.of_kind("article", "doc", "page"):
        key = "authors" if "authors" in source.fields else "author"
        for name in names(source.get(key) or ""):
            found.setdefault(name, []).append((source, key))
    for name, named in found.items():
        if slugify(name, settings.pelican) in known:
            continue
        source, key = named[0]
        files = "" if len(named) == 1 else f"; {len(named)} files name them"
        what = f'author "{name}" has no file{files}'
        remedy = f'add one to {settings.of(AuthorSettings).path}/, with "Name: {name}"'
        yield Finding(source.name, source.line(key), "author-without-file", what, remedy, "warning")


def names(value: str) -> list[str]:
    """The authors that `Author:` or `Authors:` names, parted as Pelican parts them."""
    parts = re.split(";" if ";" in value else ",", value)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
