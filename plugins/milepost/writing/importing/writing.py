"""Old posts become sources: each in a file of its own, with its pictures, and nothing that is there is touched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from PIL import Image

from milepost.schema import front_matter, validate
from milepost.settings import Settings
from milepost.slugs import slugify
from milepost.sources import Sources, parse
from milepost.writing import addresses, checks, redirects
from milepost.writing.importing import body, markdown
from milepost.writing.importing.post import NotUnderstood, Post, one_line, slug_in
from milepost.writing.importing.reading import Found
from milepost.writing.model import Addressed, Fields
from milepost.writing.new import folder

State = Literal["written", "there", "failed"]
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg")
_ADDRESS = re.compile(r"/[^?#\\\s,]*")


@dataclass
class Result:
    """What became of one old post. `file` is where it is, or would be; empty where there is none."""

    origin: str
    file: str
    state: State
    notes: list[str] = field(default_factory=list)


@dataclass
class _Planned:
    post: Post
    slug: str
    place: str
    """Below the content folder."""
    is_there: bool


class Importer:
    """Writes old posts into one site. `dry` writes nothing, and says what it would."""

    def __init__(self, settings: Settings, sources: Sources, dry: bool) -> None:
        self.settings, self.dry, self.content = settings, dry, settings.site.content
        targets = checks.targets(sources, settings)
        self._slugs = {(entry.source.kind, entry.slug): entry.place for entry in targets.entries.values() if entry.slug}
        self._claimed = set(targets.outputs.values())
        for entry in targets.entries.values():
            if isinstance(entry.fields, Fields):
                self._claimed |= {redirects.file_of(old) for old in entry.fields.redirect_from}
        self._by_url: dict[str, str] = {}

    def all(self, found: Iterable[Found]) -> list[Result]:
        """What becomes of everything that was found, in its order."""
        results: list[Result | _Planned] = []
        for origin, posts in found:
            if isinstance(posts, NotUnderstood):
                results.append(Result(origin, "", "failed", [str(posts)]))
            else:
                results += [self._planned(post) for post in posts]
        for planned in results:
            if isinstance(planned, _Planned) and planned.post.url:
                self._by_url.setdefault(_key(planned.post.url), planned.place)
        return [self._result(each) if isinstance(each, _Planned) else each for each in results]

    def _planned(self, post: Post) -> _Planned:
        wanted = (
            slug_in(post.url)
            or re.sub(r"[^a-z0-9-]", "", unquote(post.slug))
            or slugify(post.title, self.settings.pelican)
        )
        base = wanted or "untitled"
        where, number = folder(post.kind, self.settings), 1
        while True:
            slug = base if number == 1 else f"{base}-{number}"
            place = f"{where}/{slug}.md".removeprefix("/")
            owner = self._slugs.get((post.kind, slug))
            # In its own file it was imported before; in any other, the slug is somebody's.
            if owner in (None, place):
                self._slugs[post.kind, slug] = f"{place}\0"
                return _Planned(post, slug, place, (self.content / place).exists())
            number += 1

    def _result(self, planned: _Planned) -> Result:
        name = os.path.relpath(self.content / planned.place)
        if planned.is_there:
            return Result(planned.post.origin, name, "there")
        notes = list(planned.post.notes)
        pictures = _Pictures(planned.post.beside, self.content, f"images/{planned.slug}")
        soup = body.prepared(planned.post.html, planned.post.url, pictures.place, self._linked, notes)
        text = self._front_matter(planned, notes) + "\n" + markdown.markdown(soup)
        if not self.dry:
            pictures.copy()
            path = self.content / planned.place
            path.parent.mkdir(parents=True, exist_ok=True)
            mine = path.with_name(f".{path.name}.{os.getpid()}")
            mine.write_text(text, encoding="utf-8")
            try:
                os.link(mine, path)  # as a whole, and never over another
            except FileExistsError:
                return Result(planned.post.origin, name, "there")
            finally:
                mine.unlink()
        return Result(planned.post.origin, name, "written", notes)

    def _linked(self, url: str) -> str:
        # Without its fragment: the ids of headings are other ones here.
        place = self._by_url.get(_key(url))
        return f"{{filename}}/{place}" if place else url

    def _front_matter(self, planned: _Planned, notes: list[str]) -> str:
        post, pelican = planned.post, self.settings.pelican
        values = {
            "Title": post.title,
            "Date": self._local(post.date),
            "Updated": self._local(post.updated)
            if post.updated and post.date and post.updated.date() > post.date.date()
            else "",
            "Authors": ", ".join(_in_order(name) for name in post.authors),
            "Category": _field(post.category) if post.kind == "article" else "",
            "Tags": ", ".join(_field(tag) for tag in post.tags),
            "Summary": markdown.escaped(one_line(post.summary)),
            "Slug": planned.slug if slugify(post.title, pelican) != planned.slug else "",
            "Lang": post.lang
            if re.fullmatch(r"[a-z]{2,3}", post.lang) and post.lang != self.settings.site.lang
            else "",
        }
        if post.kind == "article" and not values["Date"]:
            notes.append("no date was found; it is a draft until it has one")
        if post.draft or (post.kind == "article" and not values["Date"]):
            values["Status"] = "draft"
        values["Redirect_from"] = self._old_address(planned, values, notes)
        return "\n".join(["---", *(f"{name}: {value}" for name, value in values.items() if value), "---", ""])

    def _local(self, date: datetime | None) -> str:
        if date is None:
            return ""
        local = date.astimezone(ZoneInfo(self.settings.site.timezone)) if date.tzinfo else date
        return f"{local.year:04d}-{local:%m-%d %H:%M}"

    def _old_address(self, planned: _Planned, values: dict[str, str], notes: list[str]) -> str:
        """The path that leads here from now on; empty where that is its new one, or no page can answer there."""
        url = urlsplit(planned.post.url)
        path = quote(unquote(url.path), safe="/:@!$&'()*+;=~-._")
        if not url.netloc or path in ("", "/"):
            if planned.post.url:
                notes.append(f"its old address is no page's: {planned.post.url}")
            return ""
        if url.query:
            notes.append(
                f"its old address has a query, which no file can answer; let the server redirect {path}?{url.query}"
            )
            return ""
        file = redirects.file_of(path)
        if file == self._new_address(planned, values):
            return ""
        if not _ADDRESS.fullmatch(path) or "//" in path or ".." in path.split("/") or file in self._claimed:
            why = "is another page's" if file in self._claimed else "is none that a page can have"
            notes.append(f"its old address {why}: {path}")
            return ""
        self._claimed.add(file)
        return path

    def _new_address(self, planned: _Planned, values: dict[str, str]) -> str | None:
        text = "\n".join(f"{name}: {value}" for name, value in values.items() if value)
        source = parse(self.content / planned.place, planned.post.kind, text)
        fields, _ = validate(source, front_matter(planned.post.kind, self.settings.enabled))
        if not isinstance(fields, Addressed):
            return None
        return addresses.save_as(fields, planned.post.kind, planned.place, planned.slug, self.settings.pelican)


class _Pictures:
    """The pictures of one post: found beside the page that it was read from, copied to a folder of its own."""

    def __init__(self, beside: Path | None, content: Path, target: str) -> None:
        self.beside = beside.resolve() if beside else None
        self.content, self.target = content, target
        self._wanted: dict[str, Path] = {}
        self._below: dict[str, list[Path]] | None = None

    def place(self, address: str) -> str | None:
        """What a source writes for the picture at `address`; None where there is no such file, or none that is one."""
        found = self._found(address)
        if found is None or found.suffix.lower() not in _PICTURES or not _is_picture(found):
            return None
        stem = re.sub(r"[^a-z0-9]+", "-", found.stem.lower()).strip("-") or "picture"
        number = 1
        while True:
            name = f"{stem}{'' if number == 1 else f'-{number}'}{found.suffix.lower()}"
            there = self.content / self.target / name
            owner = self._wanted.get(name) or (there if there.exists() else None)
            if owner is None or owner.read_bytes() == found.read_bytes():
                self._wanted[name] = found
                return f"{{static}}/{self.target}/{name}"
            number += 1

    def copy(self) -> None:
        """Put them where the source says they are; what is there already is the same."""
        for name, source in self._wanted.items():
            path = self.content / self.target / name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                mine = path.with_name(f".{name}.{os.getpid()}")
                mine.write_bytes(source.read_bytes())
                mine.replace(path)

    def _found(self, address: str) -> Path | None:
        if self.beside is None:
            return None
        url = urlsplit(address)
        if not url.scheme and not url.netloc:
            direct = (self.beside / unquote(url.path).lstrip("/")).resolve()
            if direct.is_relative_to(self.beside) and direct.is_file():
                return direct
        # An export has addresses of the old site, and the files in a folder of their own: by the end of the path.
        parts = [part for part in unquote(url.path).split("/") if part not in ("", ".", "..")]
        candidates = self._files().get(parts[-1].lower(), []) if parts else []
        return max(candidates, key=lambda path: _in_common(path.parts, parts), default=None)

    def _files(self) -> dict[str, list[Path]]:
        if self._below is None:
            self._below = {}
            for parent, folders, names in os.walk(self.beside or ""):
                folders.sort()
                for name in sorted(names):
                    if name.lower().endswith(_PICTURES):
                        self._below.setdefault(name.lower(), []).append(Path(parent, name))
        return self._below


def _in_common(one: tuple[str, ...], other: list[str]) -> int:
    same = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        same += 1
    return same


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() == ".svg":
        return b"<svg" in path.read_bytes()[:4096]
    try:
        with Image.open(path) as image:
            return image.width * image.height > 1
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def _key(url: str) -> str:
    parts = urlsplit(url)
    path = re.sub(r"/(index\.\w+)?$", "", unquote(parts.path))
    return f"{parts.netloc.lower().removeprefix('www.')}{path}?{parts.query}"


def _field(text: str) -> str:
    return one_line(re.sub(r"[,;]", " ", text))


def _in_order(name: str) -> str:
    """A name in the order in which it is said: what is behind a comma comes first."""
    last, _, first = one_line(name).partition(",")
    return _field(f"{first} {last}")
