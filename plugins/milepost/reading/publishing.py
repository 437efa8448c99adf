"""The last step of publishing: pages without what only people who write them need, files that may be kept for ever,
and each file compressed once, so that no server does it for every reader.

Works on a built folder; knows no Pelican.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import brotli
import minify_html

from milepost.settings import Settings

_COMPRESSED = (".html", ".css", ".js", ".json", ".xml", ".svg", ".txt")
_NAMED = (".css", ".js")
_LEAST = 200
"""Bytes below which a compressed file is no smaller in any way that matters."""


def finish(output: Path, settings: Settings) -> None:
    """Make the site built in `output` ready to be served: it stays as it is to readers, and weighs less."""
    theme = output / str(settings.pelican["THEME_STATIC_DIR"])
    for script in (*output.glob("*.js"), *theme.rglob("*.js")):
        script.write_bytes(shortened(script.read_bytes()))
    renamed = fingerprinted(theme, output, settings.site.url)
    for page in sorted(output.rglob("*.html")):
        page.write_bytes(minified(page.read_bytes(), renamed))
    for file in _files(output):
        text = file.read_bytes()
        if len(text) >= _LEAST:
            # No time in it, so that the same site is the same bytes.
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(text, 9, mtime=0))
            file.with_name(f"{file.name}.br").write_bytes(brotli.compress(text))


def fingerprinted(theme: Path, output: Path, url: str) -> Mapping[bytes, bytes]:
    """Copy the theme's styles and scripts to names that hold their digest; old address -> new address.

    The plain names stay: pages of services, and pages that were kept, still ask for them.
    """
    renamed = {}
    for file in sorted(path for path in theme.rglob("*") if path.suffix in _NAMED):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
        copy = file.with_name(f"{file.stem}.{digest}{file.suffix}")
        copy.write_bytes(file.read_bytes())
        old, new = (f'"{url}/{path.relative_to(output).as_posix()}"'.encode() for path in (file, copy))
        renamed[old] = new
    return renamed


def minified(page: bytes, renamed: Mapping[bytes, bytes]) -> bytes:
    """A page that means the same: white space folded, the theme's files under their lasting names.

    Nothing that HTML lets an author leave out is left out, and comments stay: services look for them.
    """
    for old, new in renamed.items():
        page = page.replace(old, new)
    text: str = minify_html.minify(
        page.decode(),
        keep_closing_tags=True,
        keep_comments=True,
        keep_html_and_head_opening_tags=True,
        minify_doctype=False,
        allow_noncompliant_unquoted_attribute_values=False,
        allow_optimal_entities=False,
    )
    return text.encode()


def shortened(script: bytes) -> bytes:
    """A script that does the same, without what only people read. The library takes scripts within a page alone."""
    # The end of an element within a text would end the script around it; other encodings are left to who chose them.
    try:
        text = script.decode()
    except UnicodeDecodeError:
        return script
    if "</script" in text.lower():
        return script
    page: str = minify_html.minify(f"<script>{text}</script>", minify_js=True)
    return page.removeprefix("<script>").removesuffix("</script>").encode()


def _files(output: Path) -> Iterator[Path]:
    yield from (path for path in sorted(output.rglob("*")) if path.suffix in _COMPRESSED and path.is_file())
