"""Images below the content folder that neither a page nor a source asks for."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from milepost.errors import Finding
from milepost.settings import Settings
from milepost.sources import Sources
from milepost.writing.built.output import Output

RULE = "unused-image"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".ico", ".bmp")
_IN_CSS = re.compile(r"url\(\s*['\"]?([^'\")]+)")


def findings(output: Output, sources: Sources, settings: Settings) -> Iterator[Finding]:
    """A warning for each image that nobody asks for. What a draft asks for is used already."""
    images = sorted(_images(settings.site.content))
    if not images:
        return
    asked = _addresses(output)
    words = _words(sources)
    for image in images:
        # By its address, or, where the build writes it somewhere else, by its name in a source.
        if image in asked or posixpath.basename(image) in words:
            continue
        name = os.path.relpath(settings.site.content / image)
        yield Finding(name, 0, RULE, "no page and no source shows it", "take it out, or show it", "warning")


def _images(content: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(content):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                yield (Path(parent) / name).relative_to(content).as_posix()


def _addresses(output: Output) -> set[str]:
    """The places below SITEURL that any page or stylesheet asks for."""
    found: set[str] = set()
    seen: set[str] = set()
    for page, facts in output.pages.items():
        for address, _ in (*facts.links, *((image, "") for image in facts.data_images)):
            if address not in seen and (where := output.where(address, page)):
                found.add(where.path)
            # What is relative means another place in another page.
            if "://" in address[:8] or address[:1] == "/":
                seen.add(address)
    for name in output.files:
        if name.endswith(".css"):
            text = (output.root / name).read_text(encoding="utf-8", errors="replace")
            found |= {where.path for address in _IN_CSS.findall(text) if (where := output.where(address, name))}
    return found


def _words(sources: Sources) -> set[str]:
    """Every name of a file that stands in a source, wherever."""
    found: set[str] = set()
    for source in sources.all:
        for text in (source.body, *(value for value, _ in source.fields.values())):
            found |= set(re.findall(r"[^/\s()\[\]{}\"'<>|]+\.\w+", text))
    return found
