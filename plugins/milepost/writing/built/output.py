"""The built folder as readers will find it: its files, the facts of its pages, and where an address in a page leads.

Addresses are resolved as browsers do, against SITEURL; knows no source.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from milepost.settings import Settings
from milepost.writing.built.cache import Cache
from milepost.writing.built.facts import Facts

_NOWHERE = "http://site.invalid"
_PORTS = {"http": ":80", "https": ":443"}
_RUN_TIME = {
    "newsletter": (
        "newsletter/subscribe", "newsletter/confirm/", "newsletter/unsubscribe/", "newsletter/preferences/",
        "newsletter/one-click/",
    ),
    "journeys": (
        *(f"journey/v1/{name}" for name in ("events", "consent", "export", "forget", "import")),
        "journeys/",
    ),
}  # fmt: skip
"""The addresses of the services, by slice: nobody builds them. Below one that ends with `/`, all are answered."""


class Where(NamedTuple):
    """Where an address leads. `path` is decoded and below SITEURL, or, outside the site, the whole address."""

    inside: bool
    path: str
    fragment: str = ""

    @property
    def key(self) -> str:
        return f"{self.path}#{self.fragment}" if self.fragment else self.path


class Output:
    """One built site."""

    def __init__(self, root: Path, settings: Settings, cache: Cache) -> None:
        self.root = root
        url = urlsplit(settings.site.url or _NOWHERE)
        self._base = f"{url.scheme or 'http'}://{url.netloc}"
        self._host = _host(url.scheme, url.netloc)
        self.prefix = url.path.rstrip("/")
        self.files = frozenset(_files(root))
        self._run_time = tuple(path for name in settings.enabled for path in _RUN_TIME.get(name, ()))
        self.pages: Mapping[str, Facts] = {
            name: cache.facts_of((root / name).read_bytes())
            for name in sorted(self.files)
            if name.endswith((".html", ".htm"))
        }
        cache.save()

    @cached_property
    def ids(self) -> Mapping[str, frozenset[str]]:
        """What anchors in each page can lead to."""
        return {name: frozenset(facts.ids) for name, facts in self.pages.items()}

    def where(self, address: str, page: str) -> Where | None:
        """Where `address`, as `page` has it, leads; None for what is no place on the web."""
        try:
            url = urlsplit(urljoin(f"{self._base}{self.prefix}/{page}", address))
            host = _host(url.scheme, url.netloc)
        except ValueError:
            return Where(False, address)
        if url.scheme not in ("http", "https"):
            return None
        # Browsers take a text fragment away before they look for an id.
        fragment = unquote(url.fragment.partition(":~:")[0])
        if host != self._host or not f"{url.path}/".startswith(f"{self.prefix}/"):
            return Where(False, url.geturl())
        return Where(True, unquote(url.path[len(self.prefix) :]).lstrip("/"), fragment)

    def file_of(self, path: str) -> str | None:
        """The file that answers at `path` below SITEURL, as web servers find it; None where there is none."""
        is_folder = path.endswith("/") or not path
        candidates = [f"{path}index.html"] if is_folder else [path, f"{path}/index.html"]
        return next((name for name in candidates if name in self.files), None)

    def is_answered(self, path: str) -> bool:
        """Whether there is a file at `path`, or a service will answer there."""
        return self.file_of(path) is not None or any(
            path == known or (known.endswith("/") and f"{path}/".startswith(known)) for known in self._run_time
        )

    def shown(self, path: str) -> str:
        """A path below SITEURL as a person would write it."""
        return f"{self.prefix}/{path}"


def address_of(file: str) -> str:
    """The path at which readers find a file below the output folder."""
    return file[: -len("index.html")] if posixpath.basename(file) == "index.html" else file


def _host(scheme: str, netloc: str) -> str:
    return netloc.rpartition("@")[2].lower().removesuffix(_PORTS.get(scheme, ":"))


def _files(root: Path) -> Iterator[str]:
    for parent, _, names in os.walk(root):
        below = os.path.relpath(parent, root).replace(os.sep, "/")
        yield from (name if below == "." else f"{below}/{name}" for name in names)
