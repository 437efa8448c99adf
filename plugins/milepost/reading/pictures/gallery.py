"""The pictures of one build: which file an address means, what is shown of it where, and what must be made for that."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup

from milepost import places
from milepost.errors import Finding
from milepost.reading.model import Settings
from milepost.reading.pictures.picture import BadPicture, Drawing, Picture, Variant, read, tag
from milepost.reads import note

KEY = "_MILEPOST_PICTURES"
"""Where a build keeps its gallery, in Pelican's settings and so in every template's context."""
RULE = "picture"
SHOWN, SRC = "picture", "picture-src"
"""What pages note that they read: see `reads.py`."""
_REMEDY = "save it again as JPEG, PNG or WebP"


class Gallery:
    """What one build shows."""

    def __init__(self, content: Path, site: str, settings: Settings) -> None:
        self.content, self.site, self.settings = content, site, settings
        self.wanted: dict[str, Variant] = {}
        """By name, everything that some page names."""
        self.shown: set[str] = set()
        """Places of pictures that pages show by what is made of them."""
        self.by_template: set[str] = set()
        self.named: set[str] = set()
        """Places of lead pictures and photos: a theme that does not call `picture` shows them as they are."""
        self.linked: set[str] = set()
        """Places of pictures that a link leads to, which are published as they are."""
        self.faults: list[Finding] = []
        self._prefix = urlsplit(site).path.rstrip("/")
        self._known: dict[str, Picture | Drawing | None] = {}
        self._broken: dict[str, str] = {}
        self._shown_first_in: dict[Path, str] = {}

    def find(self, address: str, source: str) -> Picture | Drawing | None:
        """The picture that `address` means in the file at `source`; None for what is none of the site's."""
        # An address below the site's own prefix is that of a file below the content folder.
        below = address.removeprefix(self._prefix) if address.startswith(f"{self._prefix}/") else address
        for place in places.of_picture(below, source):
            if place not in self._known:
                self._known[place] = self._read(place, source)
            if found := self._known[place]:
                return found
        return None

    def _read(self, place: str, source: str) -> Picture | Drawing | None:
        path = self.content / place
        if not path.is_file():
            return None
        self._shown_first_in[path] = source
        try:
            return read(path, place, self.site, self.settings.picture_widths)
        except (BadPicture, OSError) as error:
            self._broken[place] = str(error)
            self.complain(path, str(error))
            return None

    def fault_in(self, address: str, source: str) -> tuple[str, str] | None:
        """(what is wrong, what to do) with the picture that `address` means in the file at `source`."""
        self.find(address, source)
        for place in places.of_picture(address, source):
            if what := self._broken.get(place):
                return f"picture {place} {what}", _REMEDY
        return None

    def complain(self, path: Path, what: str) -> None:
        """Say that the picture at `path` is not to be shown, at the line that shows it first."""
        source = self.content / self._shown_first_in.get(path, "")
        lines = source.read_text(encoding="utf-8", errors="replace").split("\n") if source.is_file() else []
        line = next((number for number, text in enumerate(lines, 1) if path.name in text), 1)
        name = os.path.relpath(source if lines else path)
        message = f"picture {path.relative_to(self.content).as_posix()} {what}"
        self.faults.append(Finding(name, line, RULE, message, _REMEDY))

    def html(self, picture: Picture, attributes: Mapping[str, str], sizes: str) -> Markup:
        """The element that shows `picture`; what it names will be made. `attributes` are those of `img`."""
        self.shown.add(picture.place)
        self.wanted.update((variant.name, variant) for variant in picture.variants())
        return picture.html(list(attributes.items()), sizes)

    def src(self, place: str) -> str:
        """The absolute address of the file at `place`, or of what is made of it for every age of reader."""
        note(SRC, place)
        found = self.find(f"/{place.lstrip('/')}", "")
        if not isinstance(found, Picture):
            return place if "://" in place else f"{self.site}/{place.lstrip('/')}"
        self.wanted[found.fallback.name] = found.fallback
        return found.src

    def of_template(
        self, place: str, alt: str = "", sizes: str = "", lazy: bool = True, widest: int = 10_000, css: str = ""
    ) -> Markup:  # fmt: skip
        """What templates call as `picture(…)`: the picture at `place` below the content folder.

        Args:
            sizes: how wide it is in the layout, as HTML has it; that of pictures in text by default.
            lazy: False for what is seen first.
            widest: in pixels of the screen, with those of dense screens.
            css: its class.
        """
        note(SHOWN, f"{widest} {place}")
        attributes = {"alt": alt} | ({"class": css} if css else {}) | loading(lazy)
        found = self.find(f"/{place.lstrip('/')}", "")
        if isinstance(found, Picture):
            self.by_template.add(found.place)
            return self.html(found.up_to(widest), attributes, sizes or self.settings.picture_sizes)
        size = found.size if found else None
        given = {"width": str(size[0]), "height": str(size[1])} if size else {"width": "1600", "height": "900"}
        return tag([("src", f"{self.site}/{place.lstrip('/')}"), *given.items(), *attributes.items()])

    def shown_again(self, key: str) -> str:
        """What a page showed that noted `key`, which is to be made for this build too."""
        widest, _, place = key.partition(" ")
        return str(self.of_template(place, widest=int(widest)))


def loading(lazy: bool) -> dict[str, str]:
    """Attributes of a picture that may wait, or of the one that must not."""
    return {"loading": "lazy", "decoding": "async"} if lazy else {"fetchpriority": "high"}
