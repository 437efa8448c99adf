"""Makes the files of pictures: upright, in sRGB, without a word of where and by whom they were taken; on all cores.

Knows Pillow; knows no site.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

from milepost.reading.pictures.picture import MOST_PIXELS, BadPicture, Variant

Made = list[tuple[str, bytes]]
"""(name, bytes) of each file."""
Job = tuple[Callable[..., Made], tuple[Any, ...]]

# One thread an image: what several threads write depends on how many there are.
_SAVE: dict[str, dict[str, Any]] = {
    ".avif": {"format": "AVIF", "quality": 58, "speed": 8, "max_threads": 1},
    ".webp": {"format": "WEBP", "quality": 80, "method": 4},
    ".jpg": {"format": "JPEG", "quality": 82, "optimize": True, "progressive": True},
    ".png": {"format": "PNG", "optimize": True},
}


def made(variants: Sequence[Variant]) -> Made:
    """The bytes of all `variants`, which are of one picture.

    Raises:
        BadPicture: when the picture cannot be decoded.
    """
    try:
        with Image.open(variants[0].source) as opened:
            image = _plain(opened)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadPicture(f"cannot be decoded: {error}") from error
    return [(variant.name, _saved(image, variant)) for variant in variants]


def _plain(opened: Image.Image) -> Image.Image:
    """Upright, in sRGB, 8 bits, RGB or RGBA, and nothing beside the pixels."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    image = ImageOps.exif_transpose(opened)
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L") if ";" in image.mode else image.convert("L")
    if image.mode not in ("RGB", "RGBA", "CMYK"):
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        image, profile = image.convert("RGBA" if has_alpha else "RGB"), None if image.mode == "P" else profile
    if profile:
        image = _in_srgb(image, profile)
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = "RGB" if image.mode == "CMYK" else image.mode
        moved = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):  # a profile that is broken, or of another kind of image
        return image
    return moved or image


def _saved(image: Image.Image, variant: Variant) -> bytes:
    size = (variant.width, variant.height)
    fitted = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    # A new image: what Pillow knows of the old one is not written.
    bare = Image.frombytes(fitted.mode, fitted.size, fitted.tobytes())
    out, suffix = BytesIO(), Path(variant.name).suffix
    (bare.convert("RGB") if suffix == ".jpg" else bare).save(out, **_SAVE[suffix])
    return out.getvalue()


def without_metadata(path: Path) -> bytes | None:
    """The bytes of a picture without what is written beside its pixels; None where there is nothing of that kind.

    Its colours keep their profile, and what moves goes on to.
    """
    with Image.open(path) as image:
        kept: dict[Any, Any] = {
            name: image.info[name] for name in ("icc_profile", "duration", "loop", "transparency") if name in image.info
        }
        told = {"exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop"} & image.info.keys()
        if not (told or len(image.getexif()) or getattr(image, "text", None)):
            return None
        out, form = BytesIO(), image.format
        if getattr(image, "is_animated", False):
            kept.pop("transparency", None)
            image.info = dict(kept)
            image.save(out, format=form, save_all=True, comment=b"", **kept)
        elif form == "JPEG" and image.getexif().get(0x0112, 1) == 1:
            image.save(out, format="JPEG", quality="keep", icc_profile=kept.get("icc_profile"), exif=b"", comment=b"")
        else:
            upright = ImageOps.exif_transpose(image)
            upright.info = {}
            best = {"JPEG": {"quality": 92}, "WEBP": {"quality": 92}, "AVIF": {"quality": 85}}.get(form or "", {})
            upright.save(out, format=form, exif=b"", **best, **kept)
    return out.getvalue()


def all_made(jobs: Sequence[Job], each: Callable[[], None]) -> Iterator[Made | BadPicture]:
    """What comes of each job, in their order, made on all cores. `each` is told when one is done."""
    if len(jobs) < 2:
        for function, arguments in jobs:
            yield _safely(function, *arguments)
            each()
        return
    with ProcessPoolExecutor(min(len(jobs), os.cpu_count() or 1)) as pool:
        waiting = [pool.submit(_safely, function, *arguments) for function, arguments in jobs]
        for future in waiting:
            yield future.result()
            each()


def _safely(function: Callable[..., Made], *arguments: Any) -> Made | BadPicture:
    try:
        return function(*arguments)
    except BadPicture as error:
        return error
