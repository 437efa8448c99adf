"""What a file, a folder or an address of a feed has in it: posts, each read by whoever knows its kind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from milepost.errors import MilepostError
from milepost.writing.importing import feeds, page, wordpress
from milepost.writing.importing.post import NotUnderstood, Post

MOST_BYTES = 50_000_000
_SUFFIXES = (".html", ".htm", ".xhtml", ".xml", ".rss", ".atom")
_ROOT = re.compile(rb"<(?P<name>html|rss|feed|rdf:RDF)\b", re.IGNORECASE)
Found = tuple[str, list[Post] | NotUnderstood]
"""(the file's name for people, its posts, or why there are none)."""


def files(source: str) -> list[Path]:
    """The files that `source` names: itself, or everything of a readable kind below it.

    Raises:
        MilepostError: when there is nothing there.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise MilepostError(
            f"{source}: no such file or folder; name a saved page, an export, a feed, or a folder of them"
        )
    found = []
    for parent, folders, names in os.walk(path):
        # What a browser saved beside a page is the page's, and no post.
        folders[:] = sorted(name for name in folders if not name.endswith(("_files", ".fld")))
        found += [Path(parent) / name for name in sorted(names) if name.lower().endswith(_SUFFIXES)]
    if not found:
        raise MilepostError(f"{source}: has no file that can be read; they end with {', '.join(_SUFFIXES)}")
    return found


def of_files(paths: list[Path]) -> Iterator[Found]:
    """What is in each of `paths`."""
    for path in paths:
        try:
            if path.stat().st_size > MOST_BYTES:
                raise NotUnderstood(f"is larger than {MOST_BYTES // 1_000_000} MB")
            yield str(path), of_text(path.read_bytes(), str(path), path.parent)
        except NotUnderstood as error:
            yield str(path), error
        except OSError as error:
            yield str(path), NotUnderstood(f"cannot be read: {error.strerror}")


def of_text(data: bytes, origin: str, beside: Path | None) -> list[Post]:
    """The posts in `data`, whatever it is.

    Raises:
        NotUnderstood: when there is none.
    """
    root_tag = _ROOT.search(data[:4096])
    if root_tag is None or root_tag["name"].lower() == b"html":
        return [page.post(data, origin, beside)]
    # No entity is expanded and nothing is fetched; libxml2's own limits hold against bombs.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise NotUnderstood(f"is no XML: {error.msg}") from error
    if root is None:
        raise NotUnderstood("is no XML")
    posts = wordpress.posts(root, origin, beside) if wordpress.is_export(root) else feeds.posts(root, origin, beside)
    if not posts:
        raise NotUnderstood("has no post in it")
    return posts


def fetched(url: str) -> bytes:
    """The feed at an address.

    Raises:
        MilepostError: when it does not come.
    """
    import httpx

    data = bytearray()
    try:
        with httpx.stream("GET", url, timeout=20, follow_redirects=True, headers={"User-Agent": "milepost"}) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise MilepostError(f"{url}: is larger than {MOST_BYTES // 1_000_000} MB")
    except httpx.HTTPStatusError as error:
        raise MilepostError(f"{url}: answers {error.response.status_code}; is that the feed's address?") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise MilepostError(f"{url}: cannot be reached: {error or type(error).__name__}") from error
    return bytes(data)
