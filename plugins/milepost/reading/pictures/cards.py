"""Social cards: the picture that others show of a page when somebody shares it, with its title, author and publisher.

Drawn with Pillow, in a face that comes as a package or that the site names. Knows words; knows no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

from milepost.reading.pictures.encode import Made

FOLDER = "cards"
WIDTH, HEIGHT = 1200, 630
_VERSION = "2"
_MARGIN, _TOP, _BOTTOM = 84, 76, 92
_SIZES = range(84, 39, -4)
_MOST_LINES = 4
_LEADING = 1.14
_EDGES = 31
Font = ImageFont.FreeTypeFont


@dataclass(frozen=True)
class Card:
    """One card. `name` is its path below the output folder; it has in it what the card says."""

    title: str
    byline: str
    site: str
    colours: tuple[str, str, str]
    """Ground, text, accent."""
    font: Path

    width = WIDTH
    height = HEIGHT

    @property
    def name(self) -> str:
        said = "\0".join((_VERSION, self.title, self.byline, self.site, *self.colours, self.font.name))
        return f"{FOLDER}/{blake2b(said.encode(), digest_size=8).hexdigest()}.png"

    @property
    def alt(self) -> str:
        return f"{self.title} · {self.site}" if self.title != self.site else self.site


def default_font() -> Path:
    """Source Serif, bold, which is under the SIL Open Font License."""
    import font_source_serif_pro

    return Path(font_source_serif_pro.__file__).parent / "files" / "SourceSerifPro-Bold.ttf"


def lacking(cards: Iterable[Card]) -> str:
    """The characters of `cards`, which have one font, that it cannot draw."""
    every = list(cards)
    if not every:
        return ""
    font = _font(every[0].font, 40)
    none = bytes(font.getmask("\uffff"))
    said = sorted({each for card in every for each in f"{card.title}{card.byline}{card.site}" if not each.isspace()})
    return "".join(each for each in said if bytes(font.getmask(each)) == none)


def drawn(card: Card) -> Made:
    """The card as PNG, the same bytes for the same words."""
    ground, ink, accent = card.colours
    image = Image.new("RGB", (WIDTH, HEIGHT), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, HEIGHT - 14, WIDTH, HEIGHT), accent)
    _mark(draw, accent, ground)
    draw.text((_MARGIN + 62, _TOP + 25), card.site, ink, _font(card.font, 38), anchor="lm")
    lines, font = _fitted(card.title, card.font)
    top, step = _TOP + 104, round(font.size * _LEADING)
    room = HEIGHT - _BOTTOM - 60 - top
    begin = top + max(0, (room - step * len(lines)) // 2)
    for number, line in enumerate(lines):
        draw.text((_MARGIN, begin + number * step), line, ink, font)
    if card.byline:
        draw.text(
            (_MARGIN, HEIGHT - _BOTTOM),
            _cut(card.byline, _font(card.font, 34)),
            accent,
            _font(card.font, 34),
            anchor="ls",
        )
    out = BytesIO()
    # Few colours: smaller by half, and nobody sees it. The best compression takes six times as long for a tenth.
    image.quantize(palette=_palette(card.colours), dither=Image.Dither.NONE).save(out, "PNG", compress_level=7)
    return [(card.name, out.getvalue())]


@lru_cache(maxsize=4)
def _palette(colours: tuple[str, str, str]) -> Image.Image:
    """The colours that a card has: its three, and the edges of letters between its ground and the others."""
    ground, *others = (ImageColor.getrgb(colour)[:3] for colour in colours)
    edges = [
        round(one + (other - one) * step / _EDGES)
        for colour in others
        for step in range(1, _EDGES + 1)
        for one, other in zip(ground, colour, strict=True)
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette([*ground, *edges])
    return palette


def _mark(draw: ImageDraw.ImageDraw, accent: str, ground: str) -> None:
    """A milestone: round at the top, on a base."""
    left, top = _MARGIN, _TOP
    draw.rounded_rectangle((left + 4, top, left + 40, top + 44), 18, accent)
    draw.rectangle((left + 4, top + 24, left + 40, top + 44), accent)
    draw.rectangle((left, top + 44, left + 44, top + 50), accent)
    for row in (18, 27):
        draw.rectangle((left + 13, top + row, left + 31, top + row + 3), ground)


def _fitted(title: str, path: Path) -> tuple[list[str], Font]:
    """The title in the largest letters that leave it four lines at most; cut where the smallest are too large."""
    for size in _SIZES:
        font = _font(path, size)
        lines = _lines(title.split(), font.getlength)
        if len(lines) <= (3 if size > 60 else _MOST_LINES) and all(font.getlength(line) <= _room() for line in lines):
            return lines, font
    cut = [_cut(line, font) for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        cut[-1] = _cut(f"{cut[-1]} …" if not cut[-1].endswith("…") else cut[-1], font)
    return cut, font


def _room() -> int:
    return WIDTH - 2 * _MARGIN


def _lines(words: list[str], length: Callable[[str], float]) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and length(f"{lines[-1]} {word}") <= _room():
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _cut(text: str, font: Font) -> str:
    while text and font.getlength(text) > _room():
        text = text.rstrip("…")[:-1].rstrip() + "…"
    return text


@lru_cache(maxsize=64)
def _font(path: Path, size: int) -> Font:
    # Basic layout is the same wherever Pillow is; what shapes scripts better need not be there.
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
