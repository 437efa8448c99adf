"""Pelican's half of touchpoints: each page gets its own when its sources are read, and its tags when it is written.

A page is tagged after it was rendered, so that a theme need know nothing of it. What a build has found is kept in
Pelican's settings, which live as long as the build.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pelican import signals

from milepost import hooks
from milepost.errors import Finding, MilepostError
from milepost.touchpoints import manifest, plan, script, tag
from milepost.touchpoints.manifest import NAME, Entry
from milepost.touchpoints.model import LEVELS, NOWHERE, Located, Placement, Settings, Touchpoint, id_of

_STATE = "_MILEPOST_TOUCHPOINTS"
_LISTS = {
    "article": ("articles", "translations", "hidden_articles", "hidden_translations"),
    "page": ("pages", "translations", "hidden_pages", "hidden_translations"),
    "doc": ("docs",),
}


class _State:
    """What one build knows: its settings and plan, and the pages it has tagged, by id and by file."""

    def __init__(self, pelican_settings: dict[str, Any]) -> None:
        ours = hooks.settings_of(pelican_settings)
        self.settings = ours.of(Settings)
        self.url = ours.site.url
        self.manifests = [ours.site.file.parent / path for path in self.settings.manifests]
        self.plan, faults = plan.read(ours.site.content / self.settings.plan)
        if faults:
            hooks.stop(faults)
        self.entries: dict[str, Entry] = {}
        self.files: set[str] = set()
        """Below the output folder."""

    def add(self, name: str, entry: Entry) -> None:
        """Take a page in; stops the build when its id is another page's."""
        first = self.entries.setdefault(entry.touchpoint.id, entry)
        if first is not entry and name not in self.files:
            _clash(entry.touchpoint.id, entry.source, first.source)
        self.entries[entry.touchpoint.id] = entry
        self.files.add(name)


def _clash(touchpoint: str, one: str, other: str) -> None:
    what = f'touchpoint "{touchpoint}" is that of {other} too'
    hooks.stop([Finding(one, 1, "touchpoint", what, 'give one of them another "Touchpoint: …"')])


def start(pelican: Any) -> None:
    """Read the plan, before any source."""
    pelican.settings[_STATE] = _State(pelican.settings)


def attach(generators: list[Any]) -> None:
    """Give every article, page and doc its touchpoint, and stop the build when two have the same."""
    state: _State = generators[0].settings[_STATE]
    first: dict[str, str] = {}
    for kind, content in _contents(generators):
        content.touchpoint = _touchpoint(content, kind, state)
        if content.touchpoint.id in first:
            _clash(content.touchpoint.id, _name(content), first[content.touchpoint.id])
        first[content.touchpoint.id] = _name(content)


def _name(content: Any) -> str:
    return posixpath.relpath(str(content.source_path))


def _contents(generators: list[Any]) -> Iterator[tuple[str, Any]]:
    for generator in generators:
        kind = next((kind for kind, (first, *_) in _LISTS.items() if hasattr(generator, first)), None)
        for name in _LISTS.get(kind or "", ()):
            yield from ((kind or "", content) for content in getattr(generator, name))


def _touchpoint(content: Any, kind: str, state: _State) -> Touchpoint:
    surface = state.settings.surface(kind)
    lang = "" if content.in_default_lang else content.lang
    given: str | None = content.metadata.get("touchpoint")
    named = Placement(*(content.metadata.get(level) or None for level in LEVELS))
    tags = tuple(tag.slug for tag in getattr(content, "tags", ()))
    category = content.category.slug if kind == "article" else ""
    here = Located(content.get_relative_source_path() or "", kind, category, tags)
    placed = state.plan.placement(here, named)
    return Touchpoint(
        id=given or id_of(surface, content.slug, lang),
        surface=surface,
        kind="error" if content.save_as == "404.html" else kind,
        topics=tuple(dict.fromkeys(filter(None, (category, *tags)))),
        placement=placed if state.settings.plan_public else NOWHERE,
    )


def tag_page(html: str, context: Mapping[str, Any]) -> tuple[str, Entry | None]:
    """The page with its tags, and its entry; a redirect has neither."""
    state: _State | None = context.get(_STATE)
    if state is None or tag.is_redirect(html):
        return html, None
    content = context.get("article") or context.get("page")
    found = getattr(content, "touchpoint", None)
    if isinstance(found, Touchpoint):
        entry = _content_entry(content, found, state)
    else:
        entry = _listing_entry(context, html, state)
    return _tagged(html, entry, state, context["SITEURL"]), entry


def _tagged(html: str, entry: Entry, state: _State, site_url: str) -> str:
    return tag.tag(html, entry.touchpoint, f"{site_url}/{tag.SCRIPT}", state.settings.vitals)


def remember(settings: Mapping[str, Any], name: str, entry: Entry | None) -> None:
    """Take in the entry of the page `name`."""
    state: _State | None = settings.get(_STATE)
    if state is None:
        return
    if entry is None:
        state.files.add(name)
    else:
        state.add(name, entry)


def _content_entry(content: Any, touchpoint: Touchpoint, state: _State) -> Entry:
    return Entry(
        touchpoint,
        url=f"{state.url}/{content.url}",
        title=Markup(content.title).striptags(),  # noqa: S704  its tags are taken out
        source=_name(content),
        authors=tuple(author.name for author in getattr(content, "authors", ())),
        published=_time(getattr(content, "date", None)),
        updated=_time(getattr(content, "modified", None)),
    )


def _listing_entry(context: Mapping[str, Any], html: str, state: _State) -> Entry:
    """The entry of a page that has no source of its own: a listing, or what a slice writes."""
    file = str(context["output_file"])
    name, kind = _named(context, file)
    page = getattr(context.get("articles_page"), "number", 1)
    usual = state.settings.surface("page" if kind in ("page", "service", "search") else "article")
    surface = str(context.get("touchpoint_surface", usual))
    number = str(page) if page > 1 else ""
    return Entry(
        Touchpoint(id_of(surface, name, number), surface, kind),
        url=f"{state.url}/{_address(file)}",
        title=_listing_title(html, name, str(context["SITENAME"])),
        source=file,
        published=_time(context.get("touchpoint_published")),
    )


def _listing_title(html: str, name: str, site: str) -> str:
    """What the page's own title says beside the site's name; the home page is the site."""
    return site if name == "index" else tag.title_of(html).removesuffix(site).rstrip(" ·|–—-") or name


def _named(context: Mapping[str, Any], file: str) -> tuple[str, str]:
    """(name, kind) of a page without a source. A slice that writes a page of its own names it `touchpoint_name`, and
    where it is not where such pages are, `touchpoint_surface`; `touchpoint_published` is its time, if it has one."""
    if "touchpoint_name" in context:
        return str(context["touchpoint_name"]), str(context["touchpoint_kind"])
    for name in ("category", "tag", "author"):
        if name in context:
            return f"{name}/{context[name].slug}", "author" if name == "author" else "listing"
    if "page_name" in context:
        return posixpath.splitext(str(context["page_name"]))[0].removesuffix("/index") or "index", "listing"
    return _place(file), "listing" if "articles" in context and "period" in context else "page"


def _place(file: str) -> str:
    return _address(file).strip("/").removesuffix(".html") or "index"


def _address(file: str) -> str:
    return file[: -len("index.html")] if posixpath.basename(file) == "index.html" else file


def _time(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else None


def finish(pelican: Any) -> None:
    """Write the script and the manifest, and tag every page that no signal told of: static files, other plugins'."""
    state: _State = pelican.settings[_STATE]
    output = Path(pelican.output_path)
    for file in sorted(output.rglob("*.html")):
        place = file.relative_to(output).as_posix()
        if place in state.files:
            continue
        html = file.read_text(encoding="utf-8", errors="surrogateescape")
        if not tag.is_redirect(html):
            surface = state.settings.surface("page")
            found = Touchpoint(id_of(surface, _place(place)), surface, "page")
            entry = Entry(found, f"{state.url}/{_address(place)}", tag.title_of(html) or place, place)
            state.add(place, entry)
            file.write_text(_tagged(html, entry, state, pelican.settings["SITEURL"]), encoding="utf-8")
    rows = manifest.rows_of(state.entries.values())
    try:
        manifest.write(output / NAME, manifest.merged(rows, _others(state)))
    except MilepostError as error:
        hooks.stop([error])
    for name, text in script.files(vitals=state.settings.vitals > 0):
        (output / name).write_text(text, encoding="utf-8")


def _others(state: _State) -> Iterator[manifest.Row]:
    """The touchpoints of other tools' sites; one that is not built yet is told, and no reason to stop."""
    for path in state.manifests:
        if path.is_file():
            yield from manifest.read(path)
        else:
            hooks.advise(f"{posixpath.relpath(path)}: no such file; `milepost tag` makes it (TOUCHPOINT_MANIFESTS)")


def add_templates(generator: Any) -> None:
    """Let templates include `touchpoints/consent.html`."""
    hooks.add_templates(generator, "touchpoints")


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(start)
    signals.generator_init.connect(add_templates)
    signals.all_generators_finalized.connect(attach)
    hooks.on_page(hooks.PageStep("touchpoints", tag_page, remember, Entry | None))
    signals.finalized.connect(finish)
