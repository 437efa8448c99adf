"""The theme's styles and templates as data: contrast, weight, layers, and nothing inline."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path

import pytest

from milepost.reading import assets
from sites import ROOT

CSS = ROOT / "theme" / "static" / "css"
PARTS = assets.parts_of(CSS)
TEMPLATES = sorted((ROOT / "theme" / "templates").rglob("*.html"))
COLOUR = re.compile(r"--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);")


def colours(scheme: str) -> dict[str, tuple[float, float, float]]:
    """Each token's (lightness, chroma, hue) in `light` or `dark`."""
    light, _, dark = (CSS / "tokens.css").read_text().partition("@media screen and (prefers-color-scheme: dark)")
    text = light + (dark if scheme == "dark" else "")
    return {name: (float(L), float(c), float(h)) for name, L, c, h in COLOUR.findall(text)}


def luminance(colour: tuple[float, float, float]) -> float:
    """WCAG's relative luminance of an OKLCH colour, clipped to sRGB (Ottosson's matrices)."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert round(contrast((0, 0, 0), (1, 0, 0)), 1) == 21.0
    assert round(contrast((0.5999, 0, 0), (1, 0, 0)), 1) == 3.9  # oklch(0.5999 0 0) is #808080


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_colour_is_readable_on_every_ground_it_stands_on(scheme: str) -> None:
    known = colours(scheme)
    grounds = {
        "paper": ["ink", "muted", "accent", "caution", "danger"],
        "wash": ["ink", "muted", "accent", "caution", "danger", *(name for name in known if name.startswith("code-"))],
        "accent-wash": ["ink", "muted", "accent", *(name for name in known if name.startswith("code-"))],
        "accent": ["on-accent"],
        "band": ["on-band", "band-muted", "band-accent"],
        "band-accent": ["band"],
    }
    pairs = {
        (text, ground): contrast(known[text], known[ground]) for ground, texts in grounds.items() for text in texts
    }
    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_edge_of_a_field_is_seen_on_paper(scheme: str) -> None:
    known = colours(scheme)
    assert contrast(known["edge"], known["paper"]) >= 3


def test_the_stylesheet_weighs_at_most_8_kilobytes_compressed() -> None:
    assert len(gzip.compress(assets.stylesheet(PARTS).encode())) <= 8192


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_styles_are_layered_without_id_selectors_importance_or_a_writing_direction(part: Path) -> None:
    text = assets.stylesheet([part])
    selectors = re.findall(r"^([^@{};]+)\{", text, re.MULTILINE)
    assert [selector for selector in selectors if re.search(r"#[\w-]+", selector)] == []
    assert "!important" not in text
    physical = (
        r"\b(margin|padding|border|inset)-(left|right|top|bottom)\b|align: (left|right)|^(left|right|width|height):"
    )
    assert re.findall(physical, text, re.MULTILINE) == []
    # Every rule is inside a layer: taking the @layer blocks away leaves nothing.
    depth, outside = 0, ""
    for line in text.splitlines():
        if depth == 0 and not line.startswith("@layer"):
            outside += line
        depth += line.count("{") - line.count("}")
    assert (depth, outside) == (0, "")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_style_or_script_of_their_own(template: Path) -> None:
    text = template.read_text()
    assert re.findall(r"\sstyle=|<style|<script(?! src=)|\son\w+=", text) == []
