"""Touchpoints in a folder of pages that another tool has made, in place or in a copy, and the manifest of them.

Knows files and HTML; knows no Pelican and no settings file, so that any tool's plugin can call it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlsplit

from milepost.errors import ContentError, Finding, MilepostError
from milepost.schema import FieldFault
from milepost.touchpoints import manifest, tag
from milepost.touchpoints.model import NOWHERE, Located, Placement, Touchpoint, checked_id, id_of

SURFACE = r"[a-z0-9._-]{1,40}"
_PAGES = (".html", ".htm")
_KINDS = {"404": "error", "search": "search", "genindex": "listing", "py-modindex": "listing"}
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*(utf-16|utf-32)", re.IGNORECASE)


@dataclass(frozen=True)
class Served:
    """Where a folder of pages is served.

    `base_url` is the address of the folder, whole and with a slash at its end; `site_url` that of the site which has
    the script and collects, without one.
    """

    surface: str
    base_url: str
    site_url: str
    kind: str = "doc"
    vitals: float = 0.0

    @property
    def script(self) -> str:
        """The script's address: of the host alone where it is one host, so that the pages can be served at any."""
        base, site = urlsplit(self.base_url), urlsplit(self.site_url)
        same = (base.scheme, base.netloc) == (site.scheme, site.netloc)
        return f"{site.path.rstrip('/') if same else self.site_url}/{tag.SCRIPT}"

    def id_of(self, place: str) -> str:
        """The id of a page by its path below the base URL; what says the surface again is left out."""
        folders = [part for part in urlsplit(self.base_url).path.split("/") if part]
        if folders[:1] == [self.surface]:
            del folders[0]
        return id_of(self.surface, *folders, _name(place))


def served_at(base_url: str, site_url: str, surface: str) -> Served:
    """Where another tool's pages are served, by what its own settings say.

    Args:
        site_url: of the Milepost site; empty when it is the host of `base_url`.
    Raises:
        ValueError: when one of them is no address, or the surface no word.
    """
    if not re.fullmatch(SURFACE, surface):
        raise ValueError(f"the surface {surface!r} is not 1 to 40 of a-z, 0-9, '.', '_' and '-'")
    parts = urlsplit(base_url)
    for url in (base_url, site_url or base_url):
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise ValueError(f"{url!r} is no address; write https://HOST/PATH/")
    return Served(surface, f"{base_url.rstrip('/')}/", (site_url or f"{parts.scheme}://{parts.netloc}").rstrip("/"))


@dataclass(frozen=True)
class Tagged:
    """What there is in a folder: its pages, and the paths of those that were changed, or would be."""

    entries: tuple[manifest.Entry, ...]
    changed: tuple[str, ...]
    redirects: int


def tag_tree(
    folder: Path,
    served: Served,
    *,
    out: Path | None = None,
    look: bool = False,
    taken: Mapping[str, str] = MappingProxyType({}),
    place: Callable[[Located], Placement] = lambda _: NOWHERE,
    step: Callable[[], None] = lambda: None,
) -> Tagged:
    """Tag every page below `folder`, and write `touchpoints.json` there. Done again it changes nothing.

    Args:
        out: a folder to write to instead; what is no page is copied there. Files there that are no longer in
            `folder` stay.
        look: change nothing, and only say what would be changed.
        taken: ids that other pages of the site have, and their addresses.
        place: gives a page its placement.
        step: called after each page.
    Raises:
        ContentError: when a page is no text, or two have one id; nothing is written then.
        MilepostError: when there is no page.
    """
    places = sorted(pages(folder))
    if not places:
        raise MilepostError(f"{os.path.relpath(folder)}: no page in it; build it first")
    entries, redirects = _entries(folder, places, served, taken, place)
    changed: list[str] = []
    for name in places:
        if name in redirects:
            if out and not look:
                _copy(folder / name, out / name)
        elif _tag_one(folder / name, (out or folder) / name, entries[name], served, look):
            changed.append(name)
        step()
    if not look:
        if out:
            _copy_the_rest(folder, out)
        manifest.write((out or folder) / manifest.NAME, manifest.rows_of(entries.values()))
    return Tagged(tuple(entries.values()), tuple(changed), len(redirects))


def pages(folder: Path) -> Iterator[str]:
    """The paths of all pages below `folder`, relative to it."""
    yield from (name for name in _files(folder) if name.lower().endswith(_PAGES))


def _files(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield os.path.relpath(f"{parent}/{name}", folder)


def _entries(
    folder: Path,
    places: list[str],
    served: Served,
    taken: Mapping[str, str],
    place: Callable[[Located], Placement],
) -> tuple[dict[str, manifest.Entry], set[str]]:
    """The entry of each page by its path, and the pages that only send on."""
    usual = {name: served.id_of(name) for name in places}
    times = Counter(usual.values())
    entries: dict[str, manifest.Entry] = {}
    redirects: set[str] = set()
    faults: list[Finding] = []
    first = dict(taken)
    for name in places:
        file = os.path.relpath(folder / name)
        try:
            html = _read(folder / name)
            if tag.is_redirect(html):
                redirects.add(name)
                continue
            # Two names that differ in capitals alone are two pages for a server, and one for an id.
            usual_id = usual[name] if times[usual[name]] == 1 else _told_apart(usual[name], name)
            entries[name] = _entry(html, name, file, usual_id, served, place)
        except FieldFault as fault:
            faults.append(Finding(file, 0, "touchpoint", fault.message, fault.remedy))
            continue
        id_ = entries[name].touchpoint.id
        if first.setdefault(id_, file) != file:
            faults.append(Finding(file, 0, "touchpoint", f'touchpoint "{id_}" is that of {first[id_]} too', _OTHER))
    if faults:
        raise ContentError(faults)
    return entries, redirects


_OTHER = 'say another --surface, or give one of them <meta name="touchpoint" content="…">'


def _told_apart(id_: str, name: str) -> str:
    return id_of(f"{id_}-{hashlib.sha256(name.encode()).hexdigest()[:8]}")


def _entry(
    html: str, name: str, file: str, usual: str, served: Served, place: Callable[[Located], Placement]
) -> manifest.Entry:
    said = tag.said_by(html)
    kind = _KINDS.get(_name(name).rpartition("/")[2], served.kind)
    topics = tuple(dict.fromkeys(filter(None, map(id_of, re.split(r"\s*,\s*", said.get("keywords", ""))))))
    url = served.base_url + quote(_address(name))
    where = Located(urlsplit(url).path.lstrip("/") + ("index.html" if url.endswith("/") else ""), kind, "", topics)
    found = Touchpoint(
        checked_id(said["touchpoint"]) if said.get("touchpoint") else usual, served.surface, kind, topics, place(where)
    )
    authors = (said["author"],) if said.get("author") else ()
    return manifest.Entry(found, url, tag.title_of(html) or _name(name), file, authors)


def _tag_one(source: Path, target: Path, entry: manifest.Entry, served: Served, look: bool) -> bool:
    """Whether the page at `target` is, or would be, another one than before."""
    before = _read(source)
    after = tag.tag(before, entry.touchpoint, served.script, served.vitals)
    if (before if source == target else _read(target) if target.is_file() else None) == after:
        return False
    if not look:
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.{os.getpid()}")
        new.write_bytes(after.encode("utf-8", "surrogateescape"))
        shutil.copymode(source, new)
        new.replace(target)
    return True


def _read(path: Path) -> str:
    """A page as it is: what is not UTF-8 in it comes out again as it went in.

    Raises:
        FieldFault: when its bytes are no text that has ASCII in it.
    """
    data = path.read_bytes()
    if b"\0" in data[:1024] or _CHARSET.search(data[:1024]):
        raise FieldFault("is not in UTF-8, nor in anything like it", "let the tool write UTF-8")
    return data.decode("utf-8", "surrogateescape")


def _copy_the_rest(folder: Path, out: Path) -> None:
    for name in _files(folder):
        if not name.lower().endswith(_PAGES) and name != manifest.NAME:
            _copy(folder / name, out / name)


def _copy(source: Path, target: Path) -> None:
    is_, was = source.stat(), target.stat() if target.is_file() else None
    if was is None or (is_.st_size, is_.st_mtime_ns) != (was.st_size, was.st_mtime_ns):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _address(place: str) -> str:
    head, _, last = place.rpartition("/")
    return f"{head}/".lstrip("/") if last == "index.html" else place


def _name(place: str) -> str:
    """`guide/install` of `guide/install.html` and of `guide/install/index.html`; `index` of the first page."""
    return re.sub(r"\.html?$", "", _address(place).rstrip("/"), flags=re.IGNORECASE) or "index"
