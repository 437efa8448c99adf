"""One picture of the content folder: its size, the files that will be made of it, and the HTML that names them.

All of it follows from the file's bytes, so that the same file is the same picture in every build. Knows Pillow's
headers, encodes nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

from lxml import etree
from markupsafe import Markup
from PIL import Image, UnidentifiedImageError

from milepost.errors import MilepostError

FOLDER = "pictures"
"""Below the output folder. Names have the file's digest in them, and may be kept by browsers for ever."""
RASTER = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif")
MOST_PIXELS = 100_000_000
VERSION = b"1"
"""Of what encoding does; another one gives other names."""
_FALLBACK_WIDTH = 1280
_ROTATED = (5, 6, 7, 8)
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)(?:px)?\s*")


class BadPicture(MilepostError):
    """A file that is no picture that can be shown; the text says why, and does not name it."""


@dataclass(frozen=True)
class Variant:
    """One file to be made of a picture. `name` is its path below the output folder."""

    source: Path
    name: str
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A picture as it will be shown: `width` and `height` in pixels, upright. `widths` may be chosen from."""

    place: str
    path: Path
    digest: str
    width: int
    height: int
    widths: tuple[int, ...]
    has_alpha: bool
    site: str

    def variant(self, width: int, suffix: str) -> Variant:
        stem = re.sub(r"[^a-z0-9]+", "-", posixpath.splitext(posixpath.basename(self.place))[0].lower()).strip("-")
        name = f"{FOLDER}/{stem or 'picture'}.{self.digest}.{width}.{suffix}"
        return Variant(self.path, name, width, max(1, round(self.height * width / self.width)))

    @property
    def fallback(self) -> Variant:
        """What every reader of every age can show: feeds, mails, search engines."""
        fitting = [width for width in self.widths if width <= _FALLBACK_WIDTH] or [self.widths[0]]
        return self.variant(fitting[-1], "png" if self.has_alpha else "jpg")

    @property
    def src(self) -> str:
        """The absolute address of the fallback."""
        return f"{self.site}/{self.fallback.name}"

    def up_to(self, widest: int) -> Picture:
        """The same for a place that is never wider than `widest` pixels of the screen."""
        if widest >= self.widths[-1]:
            return self
        fitting = [width for width in self.widths if width < widest]
        return Picture(**{**self.__dict__, "widths": (*fitting, min(widest, self.width))})

    def variants(self) -> list[Variant]:
        """Every file that the HTML names."""
        return [self.variant(width, suffix) for suffix in ("avif", "webp") for width in self.widths] + [self.fallback]

    def html(self, attributes: Sequence[tuple[str, str]], sizes: str) -> Markup:
        """A `picture` element. `attributes` are those of its `img`, `alt` among them."""
        sources = [
            Markup('<source type="image/{}" srcset="{}" sizes="{}">').format(suffix, self._srcset(suffix), sizes)
            for suffix in ("avif", "webp")
        ]
        shown = self.fallback
        size = [("src", self.src), ("width", str(shown.width)), ("height", str(shown.height))]
        return Markup("<picture>{}{}</picture>").format(Markup("").join(sources), tag([*size, *attributes]))

    def _srcset(self, suffix: str) -> str:
        return ", ".join(f"{self.site}/{self.variant(width, suffix).name} {width}w" for width in self.widths)


@dataclass(frozen=True)
class Drawing:
    """What is published as it is: an SVG, or a picture that moves. Its size is None where it says none."""

    place: str
    size: tuple[int, int] | None


def tag(attributes: Iterable[tuple[str, str]]) -> Markup:
    """An `img` element."""
    return Markup("<img{}>").format(Markup("").join(Markup(' {}="{}"').format(*pair) for pair in attributes))


def read(path: Path, place: str, site: str, widths: Sequence[int]) -> Picture | Drawing:
    """What the file at `path` is.

    Args:
        place: its path below the content folder.
        site: SITEURL.
        widths: in pixels, ascending, that pictures are made in; none is made wider than it is.
    Raises:
        BadPicture: when it can not be shown.
        OSError: when it can not be read.
    """
    data = path.read_bytes()
    if path.suffix.lower() == ".svg":
        return Drawing(place, _svg_size(data))
    try:
        with Image.open(BytesIO(data)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise BadPicture(f"has {width} x {height} pixels, more than {MOST_PIXELS:,}")
            if getattr(image, "is_animated", False):
                return Drawing(place, (width, height))
            if image.getexif().get(0x0112) in _ROTATED:
                width, height = height, width
            has_alpha = "A" in image.getbands() or "transparency" in image.info
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise BadPicture("is no picture that can be read") from error
    chosen = tuple(each for each in widths if each < width)
    chosen = chosen if width > widths[-1] else (*chosen, width)
    digest = blake2b(data, digest_size=5, key=VERSION).hexdigest()
    return Picture(place, path, digest, width, height, chosen or (width,), has_alpha, site)


def _svg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of an SVG, by its own words or by its viewBox."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BadPicture(f"is no SVG: {error.msg}") from error
    given = [_NUMBER.fullmatch(str(root.get(name) or "")) for name in ("width", "height")]
    if given[0] and given[1]:
        return round(float(given[0][1])), round(float(given[1][1]))
    box = str(root.get("viewBox") or "").replace(",", " ").split()
    try:
        return (round(float(box[2])), round(float(box[3]))) if len(box) == 4 else None
    except ValueError:
        return None
