"""Pictures in the HTML of one text: each `img` of the site's own becomes what a browser can choose from."""

from __future__ import annotations

import re
from html import unescape

from milepost import places
from milepost.reading.pictures.gallery import Gallery, loading
from milepost.reading.pictures.picture import RASTER, Drawing, Picture, tag

_IMAGE = re.compile(r"<img\b(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)\s*/?>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"(?P<name>[\w:-]+)(?:\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'=<>`]+)))?"
)
_TAG = re.compile(r"<[^<>]*>")
_FIRST_WORDS = 300
"""Characters of text below which what follows is seen at once, also on a phone."""
_ADDRESSES = re.compile(r"\b(?:href|src|srcset|poster|data)\s*=\s*[\"'](?P<to>[^\"']+)[\"']", re.IGNORECASE)


def shown(html: str, source: str, gallery: Gallery, has_lead: bool) -> tuple[str, tuple[Picture, ...]]:
    """`html` with its pictures as the gallery shows them, and those pictures, in their order.

    Args:
        source: the place of the file that the text is from, below the content folder.
        has_lead: whether another picture is seen before those of the text; else one that it begins with does not wait.
    """
    found: list[Picture] = []

    def replaced(match: re.Match[str]) -> str:
        given = {
            each["name"].lower(): unescape(each["double"] or each["single"] or each["bare"] or "")
            for each in _ATTRIBUTE.finditer(match["rest"])
        }
        picture = None if "srcset" in given else gallery.find(given.get("src", ""), source)
        if picture is None:
            return match.group()
        waits = has_lead or bool(found) or len(_TAG.sub("", html[: match.start()]).strip()) > _FIRST_WORDS
        attributes = _attributes(given) | loading(waits)
        if isinstance(picture, Drawing):
            size = {"width": str(picture.size[0]), "height": str(picture.size[1])} if picture.size else {}
            return str(tag([("src", f"{{static}}/{picture.place}"), *(size | attributes).items()]))
        found.append(picture)
        width = given.get("width", "")
        sizes = f"{width}px" if width.isdecimal() else gallery.settings.picture_sizes
        kept = {name: value for name, value in attributes.items() if name not in ("width", "height")}
        return str(gallery.html(picture, kept, sizes))

    left: list[str] = []

    def kept_or_replaced(match: re.Match[str]) -> str:
        new = replaced(match)
        left.append(match.group() if new == match.group() else "")
        return new

    changed = _IMAGE.sub(kept_or_replaced, html)
    gallery.linked.update(_linked("".join([_IMAGE.sub("", html), *left]), source))
    return changed, tuple(found)


def _attributes(given: dict[str, str]) -> dict[str, str]:
    """What its writer gave the `img`, without what is given anew. `.decorative` has said what it had to say."""
    kept = {name: value for name, value in given.items() if name not in ("src", "loading", "decoding", "class")}
    classes = [name for name in given.get("class", "").split() if name != "decorative"]
    return {"alt": ""} | kept | ({"class": " ".join(classes)} if classes else {})


def _linked(html: str, source: str) -> set[str]:
    """Places of pictures that `html` names as they are: by a link, or in a way that is its writer's own."""
    named = (unescape(match["to"]) for match in _ADDRESSES.finditer(html))
    # A srcset has several, each with its width or density behind it.
    addresses = (each.strip().partition(" ")[0] for to in named for each in to.split(","))
    pictures = (to for to in addresses if to.partition("#")[0].partition("?")[0].lower().endswith(RASTER))
    return {place for to in pictures for place in places.of_picture(to, source)}
