"""Where the links and images of a source lead, by Pelican's rules for `{filename}`, `{static}` and `{attach}`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from milepost import places
from milepost.errors import Finding
from milepost.prose import Link, links
from milepost.schema import nearest
from milepost.settings import Settings
from milepost.sources import SUFFIXES
from milepost.writing.entries import Entry
from milepost.writing.model import Fields

_INDICATED = re.compile(r"[{|](?P<what>\w+)[|}](?P<value>.*)", re.DOTALL)
_TO_FILES = ("filename", "static", "attach")
_INDICATORS = (*_TO_FILES, "category", "tag", "author", "index")
_UNREAD = (".rst", ".html", ".htm")
"""Sources that Pelican publishes and that are not read here: that they are there has to do."""


class Targets:
    """What can be linked to: the entries, the files beside them, and what the site and its theme publish."""

    def __init__(self, entries: Iterable[Entry], outputs: Mapping[Path, str], settings: Settings) -> None:
        self.entries = {entry.place: entry for entry in entries}
        self.outputs = outputs
        self.content = settings.site.content
        self.prefix = urlsplit(settings.site.url).path
        self.pelican = settings.pelican
        self._makes_pictures = "reading" in settings.enabled
        self._is_file: dict[str, bool] = {}

    def is_file(self, path: Path | str) -> bool:
        """Whether there is a file at `path`: below the content folder, if it is not absolute."""
        name = str(path)
        if name not in self._is_file:
            self._is_file[name] = (self.content / name).is_file()
        return self._is_file[name]

    def below(self, entry: Entry, value: str) -> list[str]:
        """The places below the content folder that `value` in `entry` may mean, as written and decoded."""
        folder = "" if value.startswith("/") else entry.place.rpartition("/")[0]
        paths = (value, unquote(value)) if "%" in value else (value,)
        return [_normal(posixpath.join(folder, path.lstrip("/"))) for path in paths]

    def page(self, places: Iterable[str]) -> Entry | None:
        """The entry at one of `places` that is published as a page of its own."""
        for place in places:
            entry = self.entries.get(place)
            if entry and entry.source.kind != "author":
                return entry
        return None

    def is_static(self, place: str) -> bool:
        """Whether the build copies the content's file `place` to the same address."""
        folders: list[str] = self.pelican.get("STATIC_PATHS", [])
        copied = any(place == name or place.startswith(posixpath.join(name, "")) or not name for name in folders)
        return copied and not place.startswith("..") and self.is_file(place)

    def is_address(self, address: str) -> bool:
        """Whether the build makes a file at `address` (below the output folder) that an image can be."""
        return self.is_static(address) or address in self._renamed or self._in_theme(address)

    def is_shown(self, entry: Entry, address: str) -> bool:
        """Whether the slice `reading` makes a picture of what an image in `entry` names."""
        found = places.of_picture(address, entry.place) if self._makes_pictures else ()
        return any(self.is_file(place) for place in found)

    @cached_property
    def _renamed(self) -> set[str]:
        extra: dict[str, dict[str, Any]] = self.pelican.get("EXTRA_PATH_METADATA", {})
        return {str(fields[name]) for fields in extra.values() for name in ("path", "save_as") if name in fields}

    def _in_theme(self, address: str) -> bool:
        folder, _, rest = address.partition("/")
        theme = Path(str(self.pelican.get("THEME", "")))
        static = self.pelican.get("THEME_STATIC_PATHS", [])
        return folder == self.pelican.get("THEME_STATIC_DIR") and any(self.is_file(theme / s / rest) for s in static)

    def like(self, place: str) -> str | None:
        """The entry that a dead `{filename}` link was probably meant for: of the same name, or nearly."""
        by_name = {posixpath.basename(known): known for known in sorted(self.entries, reverse=True)}
        near = nearest(posixpath.basename(place), by_name, cutoff=0.8)
        return by_name[near] if near else None


def indicated(target: str) -> tuple[str, str, str]:
    """(filename, static, attach, category, tag, author or index; path; fragment) of a link by Pelican's rules.

    The first is empty for any other address.
    """
    match = _INDICATED.match(target)
    if not match or match["what"] not in _INDICATORS:
        return "", target, ""
    url = urlsplit(match["value"])
    return match["what"], url.path, url.fragment


def _normal(path: str) -> str:
    return posixpath.normpath(path) if "./" in path or "//" in path or not path else path.rstrip("/")


def faults(entry: Entry, targets: Targets) -> Iterator[Finding]:
    """What is wrong with the links and images of `entry`: in its body, its summary and its lead picture."""
    for link in links(entry.source.body):
        yield from _of_link(entry, link, entry.source.body_line - 1 + link.line, targets)
    if summary := entry.source.get("summary"):
        for link in links(summary):
            yield from _of_link(entry, link, entry.source.line("summary") - 1 + link.line, targets)
    if isinstance(entry.fields, Fields) and entry.fields.image:
        place = posixpath.normpath(entry.fields.image.lstrip("/"))
        if not targets.is_address(place) and not targets.is_shown(entry, f"/{place}"):
            yield _missing_image(entry, entry.source.line("image"), entry.fields.image, place, targets)
        if not entry.fields.image_alt:
            what = f'"Image: {entry.fields.image}" says nothing to those who cannot see it'
            yield Finding(entry.source.name, entry.source.line("image"), "image-alt", what, 'add "Image_alt: …"')


def _of_link(entry: Entry, link: Link, line: int, targets: Targets) -> Iterator[Finding]:
    if link.is_image and not link.alt and not link.decorative:
        what = f"image {link.target} says nothing to those who cannot see it"
        remedy = f"write ![what it shows]({link.target}), or add {{ .decorative }} behind it"
        yield Finding(entry.source.name, line, "image-alt", what, remedy)
    if match := _INDICATED.match(link.target):
        yield from _of_indicated(entry, link, line, match["what"], urlsplit(match["value"]).path, targets)
        return
    url = urlsplit(link.target)
    if url.scheme or url.netloc or not url.path:
        return
    if link.is_image:
        yield from _of_plain_image(entry, link, line, url.path, targets)
    elif url.path.endswith(SUFFIXES):
        what = f"dead link {link.target}: the source is not published under its own name"
        yield Finding(entry.source.name, line, "dead-link", what, f"write {{filename}}{link.target}")


def _of_indicated(
    entry: Entry, link: Link, line: int, what: str, value: str, targets: Targets
) -> Iterator[Finding]:  # fmt: skip
    if what not in _INDICATORS:
        near = nearest(what, _INDICATORS) or "filename"
        message = f"dead link {link.target}: Pelican knows no {{{what}}}"
        yield Finding(entry.source.name, line, "dead-link", message, f"did you mean {{{near}}}?")
        return
    if what not in _TO_FILES:
        return
    places = targets.below(entry, value)
    if what == "filename" and (target := targets.page(places)):
        if not target.published and entry.published:
            message = f"dead link {link.target}: {target.source.name} is not published yet"
            yield Finding(entry.source.name, line, "dead-link", message, "take the link out, or publish both")
        return
    place = next((place for place in places if targets.is_file(place)), places[-1])
    if place.startswith("../") or place == "..":
        message = f"dead link {link.target}: it leads out of the content folder"
        yield Finding(entry.source.name, line, "dead-link", message, "move the file into it")
    elif not targets.is_file(place):
        yield _missing(entry, link, line, place, targets)
    elif what == "filename" and not place.endswith(_UNREAD):
        if place.endswith(SUFFIXES):
            message = f"dead link {link.target}: it has no page of its own"
            yield Finding(entry.source.name, line, "dead-link", message, "link to a page that shows it")
        else:
            message = f"{link.target} is a file and no article, page or doc"
            yield Finding(entry.source.name, line, "dead-link", message, f"write {{static}}{value}")
    elif what != "filename" and targets.pelican.get("STATIC_EXCLUDE_SOURCES", True) and place in targets.entries:
        message = f"dead link {link.target}: a source is published as a page, not as a file"
        yield Finding(entry.source.name, line, "dead-link", message, f"write {{filename}}{value}")


def _of_plain_image(entry: Entry, link: Link, line: int, path: str, targets: Targets) -> Iterator[Finding]:
    path = unquote(path)
    if path.startswith("/"):
        inside = path.startswith(f"{targets.prefix}/")
        address = posixpath.normpath(path[len(targets.prefix) :].lstrip("/")) if inside else ".."
    else:
        output = targets.outputs.get(entry.source.path)
        address = posixpath.normpath(posixpath.join(posixpath.dirname(output), path)) if output else ".."
    if not targets.is_address(address) and not targets.is_shown(entry, link.target):
        beside = next((p for p in targets.below(entry, path) if targets.is_file(p)), None)
        yield _missing_image(entry, line, link.target, beside or targets.below(entry, path)[-1], targets)


def _missing(entry: Entry, link: Link, line: int, place: str, targets: Targets) -> Finding:
    if link.is_image:
        return _missing_image(entry, line, link.target, place, targets)
    near = targets.like(place) if link.target.startswith(("{filename", "|filename")) else None
    remedy = f"did you mean {{filename}}/{near}?" if near else "mend the path, or add the file"
    return Finding(entry.source.name, line, "dead-link", f"dead link {link.target}: there is no {place}", remedy)


def _missing_image(entry: Entry, line: int, written: str, place: str, targets: Targets) -> Finding:
    if targets.is_file(place):
        what, remedy = f"image {written} is there but not published", f"write {{static}}/{place}"
    else:
        what, remedy = f"image {written} is not there", f"add {place} to the content folder, or mend the path"
    return Finding(entry.source.name, line, "missing-image", what, remedy)
