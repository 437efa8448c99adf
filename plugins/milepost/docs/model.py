"""Where a doc stands, by the path of its file: its slug, its address, its place in the tree.

Knows paths and titles; knows no file and no Pelican object.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pydantic import Field

from milepost.schema import FrontMatter, SliceSettings

INDEX = "index"
"""The file that is its folder's own page, and the slug of the one at the top."""


class Settings(SliceSettings):
    """The settings of docs, as `pelicanconf.py` names them."""

    paths: tuple[str, ...] = Field(("docs",), alias="DOCS_PATHS")
    """The folders of docs, below PATH."""
    url: str = Field("docs/{slug}/", alias="DOCS_URL", pattern=r"\{slug\}")
    """The address of a doc. {slug} is the path of its file below the folder of docs, without suffix and `index`."""

    def folders(self) -> Mapping[str, tuple[str, ...]]:
        return {"doc": self.paths}


class Fields(FrontMatter):
    """What a doc has beside what every source has."""

    order: int | None = None
    """Where it stands among its siblings: by number first, then those without one, by title."""


fields: dict[str, type[FrontMatter]] = {"doc": Fields}


def slug_of(place: str, folders: Iterable[str]) -> str:
    """The slug of the doc at `place` below PATH: the path below its folder of docs, without suffix and `index`."""
    inside = [folder for folder in folders if place.startswith(posixpath.join(folder, ""))]
    below = place[len(posixpath.join(max(inside, key=len), "")) :] if inside else place
    slug = posixpath.splitext(below)[0]
    if slug == INDEX:
        return slug
    return slug.removesuffix(f"/{INDEX}")


def url_of(slug: str, pattern: str) -> str:
    """The doc's address below SITEURL, by `DOCS_URL`: the top one's is that of the folder."""
    if slug == INDEX and pattern.endswith("{slug}/"):
        return pattern.removesuffix("{slug}/")
    return pattern.format(slug=slug)


def save_as_of(url: str) -> str:
    """The file below the output folder that is served at `url`."""
    if url.endswith("/") or not url:
        return f"{url}index.html"
    return url if posixpath.splitext(url)[1] else f"{url}.html"


class Placed(Protocol):
    """What the tree asks of a doc."""

    @property
    def title(self) -> str: ...

    @property
    def slug(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def order(self) -> int | None: ...


D = TypeVar("D", bound=Placed)


@dataclass
class Node(Generic[D]):
    """One place in the tree. A folder without an `index.md` has no `doc`, and the address of its first child."""

    name: str
    doc: D | None = None
    children: list[Node[D]] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.doc.title if self.doc else re.sub(r"[-_]+", " ", self.name).strip().capitalize()

    @property
    def url(self) -> str:
        return self.doc.url if self.doc else self.children[0].url

    @property
    def sort_key(self) -> tuple[bool, int, str, str]:
        order = self.doc.order if self.doc else None
        return order is None, order or 0, self.title.casefold(), self.name

    def walk(self) -> Iterator[D]:
        """The docs at and below this place, in reading order."""
        if self.doc:
            yield self.doc
        for child in self.children:
            yield from child.walk()


def tree_of(docs: Iterable[D]) -> list[Node[D]]:
    """The places at the top, in order: the docs' own front page first, then the rest with what is below them."""
    top: Node[D] = Node("")
    for doc in docs:
        node = top
        for name in doc.slug.split("/"):
            found = next((child for child in node.children if child.name == name), None)
            if found is None:
                found = Node(name)
                node.children.append(found)
            node = found
        node.doc = doc
    _sort(top)
    # Whatever order its siblings claim, a book begins with its front page.
    return sorted(top.children, key=lambda node: node.name != INDEX)


def nodes_of(tree: Iterable[Node[D]]) -> Iterator[Node[D]]:
    """Every place of a tree, in reading order."""
    for node in tree:
        yield node
        yield from nodes_of(node.children)


def _sort(node: Node[D]) -> None:
    for child in node.children:
        _sort(child)
    node.children.sort(key=lambda child: child.sort_key)


def breadcrumbs_of(doc: D, docs: Mapping[str, D]) -> list[tuple[str, str]]:
    """(title, address) from the docs' front page down to `doc` itself; empty for the front page.

    Folders without a page of their own are left out.
    """
    if doc.slug == INDEX:
        return []
    parts = doc.slug.split("/")
    slugs = [INDEX, *("/".join(parts[: depth + 1]) for depth in range(len(parts)))]
    return [(docs[slug].title, docs[slug].url) for slug in slugs if slug in docs]
