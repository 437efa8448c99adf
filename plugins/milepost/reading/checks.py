"""What can be wrong with pictures before anything is built: files that no program can open, where they are shown."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.errors import Finding
from milepost.prose import links
from milepost.reading.model import Settings as ReadingSettings
from milepost.reading.pictures.gallery import RULE, Gallery
from milepost.settings import Settings
from milepost.sources import Source, Sources

RULES = {
    "onward": "Where readers went on to is read from the file of ONWARD_FILE, as `milepost journeys report` writes it.",
    RULE: "A picture is a JPEG, PNG, WebP, AVIF, GIF or SVG that can be opened, of a size that can be unpacked. What "
    "is shown is made of it in other sizes, so that one that is cut off or broken stops the build.",
}


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """Every place in `sources` that shows a picture which is none."""
    gallery = Gallery(settings.site.content, settings.site.url, settings.of(ReadingSettings))
    for source in sources.all:
        place = sources.place(source)
        for address, line in _pictures(source):
            if fault := gallery.fault_in(address, place):
                yield Finding(source.name, line, RULE, *fault)


def _pictures(source: Source) -> Iterator[tuple[str, int]]:
    if image := source.get("image"):
        yield f"/{image.lstrip('/')}", source.line("image")
    if "![" in source.body or "<img" in source.body:
        yield from ((link.target, source.body_line - 1 + link.line) for link in links(source.body) if link.is_image)
