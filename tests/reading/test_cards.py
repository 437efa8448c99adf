"""Social cards: what they say fits, in every script that the font has, and the same words are the same picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from milepost.reading.pictures.cards import Card, default_font, drawn, lacking
from sites import Site, article

COLOURS = ("#0d3626", "#f4faf5", "#7ee2a8")
New = Callable[..., Site]


def card(title: str, byline: str = "Ada Sample", font: Path | None = None) -> Card:
    return Card(title, byline, "Milepost", COLOURS, font or default_font())


def picture(of: Card) -> Image.Image:
    ((name, data),) = drawn(of)
    assert name == of.name
    return Image.open(io.BytesIO(data)).convert("RGB")


TITLES = {
    "short": "Hello",
    "a sentence": "There never was a funnel, and whoever drew it first knew that",
    "very long": "Words " * 60,
    "one endless word": "Donaudampfschifffahrtsgesellschaft" * 6,
    "nothing": "",
    "accents": "Größe, façade, žluťoučký kůň, Ελληνικά, Привет: “quoted” – 5 €",
}


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
def test_every_title_fits(title: str) -> None:
    image = picture(card(title, "A Very Long Name, " * 8))
    assert image.size == (1200, 630)
    ground = image.getpixel((2, 2))
    # A margin on every side but the lower, which has the band of the accent.
    for box in ((0, 0, 1200, 60), (0, 0, 70, 600), (1130, 0, 1200, 600), (0, 560, 1200, 610)):
        assert {colour for _, colour in image.crop(box).getcolors() or []} == {ground}, box


def test_the_same_words_are_the_same_bytes_and_other_words_another_name() -> None:
    assert drawn(card("One")) == drawn(card("One"))
    assert card("One").name != card("Two").name != card("Two", "Ben Sample").name


def test_letters_that_the_font_lacks_are_known() -> None:
    assert lacking([card("Größe “x” – 5 €"), card("Привет")]) == ""
    assert lacking([card("日本 and x")]) == "日本"
    assert lacking([]) == ""


def test_every_article_and_doc_has_its_card_and_every_other_page_the_sites(new_site: New) -> None:
    files = {
        "content/articles/a.md": article(), "content/docs/index.md": "Title: Docs & more\n\nText.\n",
        "content/articles/b.md": article("日本", 2, "Text.").replace("Title: 日本", "Title: 日本\nSlug: nihon"),
    }  # fmt: skip
    site = new_site(files)
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    assert "the cards' font cannot draw 日本; name a file that can in CARD_FONT" in done.stdout + done.stderr
    said = {}
    for page in ("first-post/index.html", "docs/index.html", "index.html", "archives/index.html"):
        meta = {tag["property"]: tag["content"] for tag in site.soup(page).find_all("meta", property=True)}
        file = site.output / meta["og:image"].removeprefix("http://127.0.0.1:8000/")
        with Image.open(file) as image:
            assert (str(image.width), str(image.height)) == (meta["og:image:width"], meta["og:image:height"])
        said[page] = (meta["og:image:alt"], file.name)
    assert [alt for alt, _ in said.values()][:2] == ["First post · Milepost", "Docs & more · Milepost"]
    assert said["index.html"] == said["archives/index.html"]
    assert len({name for _, name in said.values()}) == 3


def test_colours_are_a_setting_and_a_wrong_one_is_refused(new_site: New) -> None:
    site = new_site({"content/articles/a.md": article()}, "CARD_COLOURS = ('#000000', '#ffffff', 'red')")
    done = site.pelican()
    assert done.returncode == 1
    assert "CARD_COLOURS.2: String should match pattern" in done.stderr
