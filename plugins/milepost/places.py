"""Which file of the content folder the address of a picture means, as a writer writes it.

Pelican's `{static}`, `{attach}` and `{filename}`, and the two places that need none: beside the source, and the
folder of images. Knows addresses; looks at no disk.
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urlsplit

IMAGES = "images"
"""The folder below the content folder that pictures of every source may lie in."""
_INDICATED = re.compile(r"[{|](?:static|attach|filename)[|}](?P<path>[^?#]*)")


def of_picture(address: str, source: str) -> list[str]:
    """The places below the content folder that `address` may mean, in the order in which they are looked at.

    Args:
        source: the place of the file that shows it, like `articles/first.md`.
    """
    beside = posixpath.dirname(source)
    if match := _INDICATED.match(address):
        folders, path = [beside], match["path"]
    else:
        url = urlsplit(address)
        if url.scheme or url.netloc or not url.path:
            return []
        folders, path = [beside, IMAGES], url.path
    if path.startswith("/"):
        folders, path = [""], path.lstrip("/")
    found = [posixpath.normpath(posixpath.join(folder, name)) for folder in folders for name in (path, unquote(path))]
    return [place for place in dict.fromkeys(found) if not place.startswith(("../", "/"))]
