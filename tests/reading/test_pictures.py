"""Pictures in whole builds: what browsers may choose from, what is left of originals, and what is made only once."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from PIL import Image, ImageCms

from milepost.reading.pictures.encode import made, without_metadata
from milepost.reading.pictures.picture import BadPicture, Drawing, Picture, read
from milepost.reading.pictures.store import Store
from sites import Site, article, png

New = Callable[..., Site]
URL = "http://127.0.0.1:8000"
WIDTHS = (320, 640, 1280)
CONF = f"THEME = 'simple'\nPICTURE_WIDTHS = {WIDTHS}\nPICTURE_SIZES = '40rem'"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200"/>'
SECRET = "Berlin, by Ada"


def photo(width: int = 900, height: int = 600, **save: Any) -> bytes:
    """A JPEG from a camera: where, when and by whom it was taken is in it."""
    exif = Image.Exif()
    exif[0x010E] = SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 0.0)})
    for tag, value in save.pop("exif", {}).items():
        exif[tag] = value
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(
        out, "JPEG", exif=exif, comment=SECRET, **save
    )
    return out.getvalue()


def moving() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=SECRET.encode(), duration=100, loop=0)
    return out.getvalue()


def built(site: Site) -> BeautifulSoup:
    done = site.pelican()
    assert done.returncode == 0, done.stdout + done.stderr
    return site.soup("first-post/index.html")


def test_a_picture_below_the_first_words_waits_until_they_are_there(new_site: New) -> None:
    body = "Some words of the text. " * 20 + "\n\n![A hill](/images/up.png)"
    site = new_site({"content/articles/a.md": article(body=body), "content/images/up.png": png(100, 50)}, CONF)
    (hill,) = built(site).select("picture img")
    assert (hill["loading"], hill.get("fetchpriority")) == ("lazy", None)


def test_a_picture_beside_the_post_is_made_in_every_width_and_format(new_site: New) -> None:
    body = "![A hill](hill.jpg)\n\n![Twice](/images/up.png)\n\n![Wide]({static}/images/hill2.jpg){ .wide width=200 }"
    files = {
        "content/articles/a.md": article(body=body), "content/articles/hill.jpg": photo(),
        "content/images/up.png": png(100, 50), "content/images/hill2.jpg": photo(1000, 500),
    }  # fmt: skip
    site = new_site(files, CONF)
    hill, up, wide = built(site).select("picture")
    assert hill.img is not None and up.img is not None and wide.img is not None
    name = re.sub(r"\.900\.jpg$", "", str(hill.img["src"]))
    assert re.fullmatch(rf"{URL}/pictures/hill\.[0-9a-f]{{10}}", name)
    assert [(source["type"], source["srcset"], source["sizes"]) for source in hill.select("source")] == [
        (f"image/{kind}", f"{name}.320.{kind} 320w, {name}.640.{kind} 640w, {name}.900.{kind} 900w", "40rem")
        for kind in ("avif", "webp")
    ]
    del hill.img["src"]
    assert hill.img.attrs == {"width": "900", "height": "600", "alt": "A hill", "fetchpriority": "high"}
    assert (up.img["width"], up.img["height"], up.img["loading"]) == ("100", "50", "lazy")
    assert (wide.img["class"], wide.select_one("source")["sizes"]) == (["wide"], "200px")
    for candidate in re.findall(r"/(pictures/[^ \"]+)", str(hill) + str(up) + str(wide)):
        data = (site.output / candidate).read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            assert image.width == int(candidate.split(".")[-2])


def test_no_original_and_no_word_of_where_it_was_taken_is_published(new_site: New) -> None:
    files = {
        "content/articles/a.md": article(body="![A](../images/a.jpg) [large]({static}/images/b.jpg) ![B](b.jpg)"),
        "content/images/a.jpg": photo(), "content/images/b.jpg": photo(400, 300, exif={0x0112: 6}),
        "content/images/alone.jpg": photo(200, 100), "content/images/alone.gif": moving(),
    }  # fmt: skip
    site = new_site(files, CONF)
    built(site)
    published = {path.relative_to(site.output).as_posix() for path in site.output.rglob("*") if path.is_file()}
    assert "images/a.jpg" not in published
    assert {"images/b.jpg", "images/alone.jpg", "images/alone.gif"} <= published
    for name in published:
        assert SECRET.encode() not in (site.output / name).read_bytes(), name
        if name.endswith((".jpg", ".avif", ".webp")):
            with Image.open(site.output / name) as image:
                assert not image.getexif().get_ifd(0x8825), name
    with Image.open(site.output / "images/b.jpg") as turned:
        assert turned.size == (300, 400)
    with Image.open(site.output / "images/alone.gif") as gif:
        assert (gif.n_frames, gif.info["duration"]) == (2, 100)
    assert (site.root / "content/images/b.jpg").read_bytes() == files["content/images/b.jpg"]


def test_drawings_and_what_moves_are_published_as_they_are(new_site: New) -> None:
    body = "![A](/images/a.svg)\n![B](b.gif)\n![C](https://x.example/c.png)"
    files = {
        "content/articles/a.md": article(body=body),
        "content/images/a.svg": SVG,
        "content/articles/b.gif": moving(),
    }
    site = new_site(files, CONF)
    page = built(site)
    assert page.select("picture") == []
    shown = [(img["src"], img.get("width"), img.get("height")) for img in page.select("main img, article img, img")]
    assert shown[:3] == [
        (f"{URL}/images/a.svg", "300", "200"),
        (f"{URL}/articles/b.gif", "40", "30"),
        ("https://x.example/c.png", None, None),
    ]
    assert (site.output / "images/a.svg").is_file() and (site.output / "articles/b.gif").is_file()


def test_decoration_is_said_explicitly_and_the_lead_comes_first(new_site: New) -> None:
    head = "Image: images/lead.jpg\nImage_alt: The lead\nSummary: What"
    text = article(body="![](a.png){ .decorative }").replace("Summary: What", head)
    site = new_site(
        {"content/articles/a.md": text, "content/images/a.png": png(50, 50), "content/images/lead.jpg": photo()}
    )
    page = built(site)
    lead, decoration = page.select("article picture img")
    assert (lead["alt"], lead.get("loading"), lead["fetchpriority"]) == ("The lead", None, "high")
    assert (decoration["alt"], decoration.get("class"), decoration["loading"]) == ("", None, "lazy")
    card = site.soup("index.html").select_one(".card-lead picture")
    assert card is not None and card.img is not None and card.img["alt"] == "The lead"
    assert not (site.output / "images/lead.jpg").exists()
    assert f'src="{URL}/pictures/a.' in site.json("feed.json")["items"][0]["content_html"]
    assert site.json("feed.json")["items"][0]["image"].endswith(".jpg")


def test_a_second_build_makes_nothing_and_gives_the_same_bytes(new_site: New) -> None:
    files = {"content/articles/a.md": article(body="![A](a.jpg)"), "content/articles/a.jpg": photo()}
    site = new_site(files, CONF)
    built(site)
    kept = {path: path.stat().st_mtime_ns for path in (site.root / "var/cache/pictures").iterdir()}
    first = {path.name: path.read_bytes() for path in (site.output / "pictures").iterdir()}
    built(site)
    assert {path: path.stat().st_mtime_ns for path in (site.root / "var/cache/pictures").iterdir()} == kept
    assert {path.name: path.read_bytes() for path in (site.output / "pictures").iterdir()} == first
    for path in kept:
        path.unlink()
    built(site)
    assert {path.name: path.read_bytes() for path in (site.output / "pictures").iterdir()} == first


@pytest.mark.parametrize(
    "damage",
    ["truncated", "unwritable", *(pytest.param(name, marks=pytest.mark.long) for name in ("emptied", "garbage"))],
)
def test_a_damaged_cache_is_no_cache(new_site: New, damage: str) -> None:
    site = new_site({"content/articles/a.md": article(body="![A](a.png)"), "content/articles/a.png": png(40, 30)}, CONF)
    built(site)
    first = {path.name: path.read_bytes() for path in (site.output / "pictures").iterdir()}
    folder = site.root / "var/cache/pictures"
    for path in list(folder.iterdir()):
        data = path.read_bytes()
        path.write_bytes({"truncated": data[:-3], "emptied": b"", "garbage": b"x" * 99}.get(damage, data))
    if damage == "unwritable":
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        folder.write_text("a file where the folder should be")
    built(site)
    assert {path.name: path.read_bytes() for path in (site.output / "pictures").iterdir()} == first


BROKEN = {
    "no picture": (b"no picture", "picture articles/a.jpg is no picture that can be read"),
    "cut off": (photo()[:3000], "picture articles/a.jpg cannot be decoded: image file is truncated"),
}


@pytest.mark.parametrize(("data", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_picture_is_told_at_the_line_that_shows_it(new_site: New, data: bytes, says: str) -> None:
    site = new_site(
        {"content/articles/a.md": article(body="Text.\n\n![A](a.jpg)"), "content/articles/a.jpg": data}, CONF
    )
    done = site.pelican()
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith(f"content/articles/a.md:10: {says}")
    assert not (site.output / "first-post/index.html").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    data = bytearray(png(1, 1))
    data[16:24] = (60_000).to_bytes(4) + (60_000).to_bytes(4)
    bomb.write_bytes(data)
    with pytest.raises(BadPicture):
        read(bomb, "bomb.png", "", WIDTHS)


def opened(tmp_path: Path, data: bytes, name: str = "a.png") -> Picture:
    path = tmp_path / name
    path.write_bytes(data)
    found = read(path, name, "", WIDTHS)
    assert isinstance(found, Picture)
    return found


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


KINDS = {
    "grey": saved(Image.new("L", (30, 20), 100), "PNG"),
    "black and white": saved(Image.new("1", (30, 20), 1), "PNG"),
    "16 bits": saved(Image.new("I;16", (30, 20), 25_700), "PNG"),
    "palette": saved(Image.new("P", (30, 20), 3), "PNG"),
    "palette with alpha": saved(Image.new("P", (30, 20), 0), "PNG", transparency=0),
    "grey with alpha": saved(Image.new("LA", (30, 20), (100, 0)), "PNG"),
    "alpha": saved(Image.new("RGBA", (30, 20), (9, 9, 9, 0)), "PNG"),
    "four inks": saved(Image.new("CMYK", (30, 20), (0, 99, 99, 0)), "JPEG"),
}


@pytest.mark.parametrize(("kind", "data"), KINDS.items(), ids=KINDS.keys())
def test_every_kind_of_pixel_is_shown(tmp_path: Path, kind: str, data: bytes) -> None:
    picture = opened(tmp_path, data)
    assert picture.has_alpha == ("alpha" in kind)
    assert picture.fallback.name.endswith(".png" if "alpha" in kind else ".jpg")
    for name, made_of_it in made(picture.variants()):
        with Image.open(io.BytesIO(made_of_it)) as image:
            assert (name, image.size) == (name, (30, 20))
            if "alpha" in kind:
                assert image.convert("RGBA").getpixel((5, 5))[3] == 0
    if kind == "16 bits":
        (_, jpeg) = made([picture.fallback])[0]
        with Image.open(io.BytesIO(jpeg)) as image:
            assert abs(image.convert("L").getpixel((5, 5)) - 100) < 3


def test_a_picture_stands_upright_and_is_never_made_larger(tmp_path: Path) -> None:
    picture = opened(tmp_path, photo(600, 400, exif={0x0112: 6}), "a.jpg")
    assert (picture.width, picture.height, picture.widths) == (400, 600, (320, 400))
    (_, data) = made([picture.variant(400, "webp")])[0]
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (400, 600)
    assert opened(tmp_path, png(5000, 10)).widths == WIDTHS
    assert opened(tmp_path, png(900, 300)).up_to(192).widths == (192,)


def test_colours_are_moved_to_srgb(tmp_path: Path) -> None:
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    plain = opened(tmp_path, saved(Image.new("RGB", (9, 9), "red"), "PNG", icc_profile=wide.tobytes()))
    (_, data) = made([plain.variant(9, "png")])[0]  # a profile of another kind is as good as none
    with Image.open(io.BytesIO(data)) as image:
        assert (image.convert("RGB").getpixel((4, 4)), image.info.get("icc_profile")) == ((255, 0, 0), None)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (SVG, (300, 200)),
        ('<svg width="12.4px" height="7"/>', (12, 7)),
        ('<svg width="100%" viewBox="0,0,4,2"/>', (4, 2)),
        ("<svg/>", None),
        ('<svg viewBox="a b c d"/>', None),
    ],
)
def test_a_drawing_says_its_size(tmp_path: Path, text: str, size: tuple[int, int] | None) -> None:
    path = tmp_path / "a.svg"
    path.write_text(text)
    assert read(path, "a.svg", "", WIDTHS) == Drawing("a.svg", size)


def test_what_has_no_metadata_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(9, 9))
    assert without_metadata(path) is None


def test_the_store_keeps_whole_files_or_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "kept")
    assert store.get("a/b.webp") is None
    assert store.put("a/b.webp", b"data")
    assert (store.has("a/b.webp"), store.get("a/b.webp")) == (True, b"data")
    assert not Store(tmp_path / "kept" / "a.b.webp").put("x", b"")
