"""The checks of what everybody writes: fields, slugs and output paths, links and images.

Fields are those of every enabled slice, and so are the files that a site's pages are written to: a slice whose
`checks.py` has `outputs(sources, settings)` says what becomes of its own kinds of source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from milepost import slices
from milepost.errors import Finding
from milepost.settings import Settings
from milepost.sources import Source, Sources
from milepost.writing import addresses, allow, links, redirects, series, templates, topics
from milepost.writing.built import rules
from milepost.writing.dialect import faults as dialect
from milepost.writing.entries import Entry, entries
from milepost.writing.model import UNPUBLISHED, Addressed

RULES = {
    "text": "A source is text in UTF-8. Save the file again with that encoding.",
    "unknown-field": "A field that nothing reads is a misspelt one, or a thought that nobody will see. "
    "Fields that your own theme reads are named in the setting FRONT_MATTER_FIELDS.",
    "missing-field": "Every source has a title, every article a date, every author file a name.",
    "empty-field": "A field without a value is worse than none: an empty title is published as an address of its own.",
    "repeated-field": "Pelican keeps one value of a field that stands twice, or goes on in the next line. Only a "
    "summary may be several lines long, each but the first indented by four spaces.",
    "field": "The value is not of the kind that the field holds.",
    "date": "Dates are written 2026-01-31 or 2026-01-31 09:00, in the time zone of TIMEZONE unless they name one.",
    "status": "A source is published, hidden (published, but listed nowhere), draft or skip (neither is published).",
    "slug": "The slug is the last part of a page's address, made of the title unless `Slug:` names it. No two "
    "articles, and no two pages, of one language have the same.",
    "output-path": "No two sources are written to one file, and none outside the output folder.",
    "dead-link": "{filename} leads to a source, {static} and {attach} to any other file: from the file's own folder, "
    "or with a leading / from the content folder. What is not published cannot be linked to.",
    "missing-image": "An image is a file below the content folder, linked with {static} or {attach}, or by an "
    "address at which the build publishes it.",
    redirects.RULE: "An old address in `Redirect_from:` leads to this page. It can be nobody's address now, least of "
    "all its own, and no other page's old one.",
    allow.RULE: "A file may break a rule for a reason: `Allow: image-alt: a picture that is described below; …`. What "
    "it allows needlessly is said, so that no allowance outlives its reason.",
    series.RULE: "The parts of a series have the same `Series:`, and each its own `Series_index:`, or none.",
    "image-alt": "An image says in words what it shows: ![words](picture). One that only adorns is marked with "
    "{ .decorative } behind it.",
    topics.RULE: "A tag or category is written the same everywhere; else one spelling wins, and nobody knows which.",
    templates.RULE: "A template of the theme is Jinja, with every tag closed by its own end.",
    **dialect.RULES,
    **rules.RULES,
}


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """Everything that is wrong with `sources`, file by file."""
    yield from sources.unreadable
    found = targets(sources, settings)
    read, written = list(found.entries.values()), found.outputs
    for entry in read:
        yield from entry.faults
        yield from links.faults(entry, found)
        yield from dialect.faults(entry)
    yield from _one_slug_twice(read, written, settings)
    yield from redirects.faults(read, written, _direct_templates(settings))
    yield from series.faults(read)
    yield from topics.faults(read)
    yield from templates.faults(settings)


def targets(sources: Sources, settings: Settings) -> links.Targets:
    """What can be linked to: every source, and the file that it is written to, whichever slice writes it."""
    read = entries(sources, settings)
    written = dict(_outputs(read, settings))
    for name, module in slices.parts("checks", settings.enabled):
        if name != "writing" and hasattr(module, "outputs"):
            written |= {source.path: path for source, path in module.outputs(sources, settings)}
    return links.Targets(read, written, settings)


def outputs(sources: Sources, settings: Settings) -> Iterator[tuple[Source, str]]:
    """The file below the output folder that each article and page is written to."""
    read = entries(sources, settings)
    by_path = {entry.source.path: entry.source for entry in read}
    for path, written in _outputs(read, settings):
        yield by_path[path], written


def _outputs(read: list[Entry], settings: Settings) -> Iterator[tuple[Path, str]]:
    for entry in read:
        if isinstance(entry.fields, Addressed):
            path = addresses.save_as(entry.fields, entry.source.kind, entry.place, entry.slug, settings.pelican)
            if path:
                yield entry.source.path, path


def _one_slug_twice(read: list[Entry], written: Mapping[Path, str], settings: Settings) -> Iterator[Finding]:
    """Names both files: the first in the order of paths keeps its slug, every further one is a fault."""
    slugs: dict[tuple[str, str, str], str] = {}
    paths = _direct_templates(settings)
    for entry in read:
        source, fields = entry.source, entry.fields
        line = source.line("slug" if "slug" in source.fields else "title")
        if isinstance(fields, Addressed):
            if fields.status == UNPUBLISHED[1]:
                continue
            key = (source.kind, entry.slug, fields.lang or settings.site.lang)
            if not entry.slug:
                what = f'no slug can be made of "{fields.title}"'
                yield Finding(source.name, line, "slug", what, 'add "Slug: …"')
                continue
            if key in slugs:
                what = f'slug "{entry.slug}" is that of {slugs[key]} too'
                yield Finding(source.name, line, "slug", what, 'give one of them another "Slug: …"')
                continue
            slugs[key] = source.name
        yield from _one_path_twice(entry, written.get(source.path), paths, line)


def _one_path_twice(entry: Entry, path: str | None, paths: dict[str, str], line: int) -> Iterator[Finding]:
    source = entry.source
    if path is None:
        return
    own = isinstance(entry.fields, Addressed) and bool(entry.fields.save_as)
    line = source.line("save_as") if own else line
    remedy = 'give one of them another "Slug: …"' if isinstance(entry.fields, Addressed) else "rename one of them"
    if path.startswith(("..", "/")):
        what = f"would be written to {path}, outside the output folder"
        yield Finding(source.name, line, "output-path", what, "keep it inside")
    # Pelican lets a page that names its own `Save_as:` stand in for a listing.
    elif path in paths and not (own and paths[path].startswith("the site's")):
        what = f"would be written to {path}, as {paths[path]} is"
        yield Finding(source.name, line, "output-path", what, remedy)
    else:
        paths[path] = source.name


def _direct_templates(settings: Settings) -> dict[str, str]:
    pelican = settings.pelican
    names: list[str] = pelican.get("DIRECT_TEMPLATES", [])
    saved = {name: pelican.get(f"{name.upper()}_SAVE_AS", f"{name}.html") for name in names}
    return {str(path): f"the site's own {name} page" for name, path in saved.items() if path}
