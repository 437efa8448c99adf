"""Where a doc stands: slugs, addresses, the tree and the way through it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from milepost.docs.model import Node, breadcrumbs_of, save_as_of, slug_of, tree_of, url_of
from milepost.headings import headings


@dataclass(frozen=True)
class Doc:
    slug: str
    title: str
    order: int | None = None

    @property
    def url(self) -> str:
        return url_of(self.slug, "docs/{slug}/")


@pytest.mark.parametrize(
    ("place", "slug"),
    [
        ("docs/index.md", "index"),
        ("docs/first-post.md", "first-post"),
        ("docs/guide/index.md", "guide"),
        ("docs/guide/deep/er.md", "guide/deep/er"),
        ("docs/index/index.md", "index"),
        ("manual/v2/setup.md", "setup"),
    ],
)
def test_a_slug_is_the_path_below_the_docs(place: str, slug: str) -> None:
    assert slug_of(place, ("docs", "manual", "manual/v2")) == slug


@pytest.mark.parametrize(
    ("slug", "pattern", "url", "file"),
    [
        ("index", "docs/{slug}/", "docs/", "docs/index.html"),
        ("guide/a", "docs/{slug}/", "docs/guide/a/", "docs/guide/a/index.html"),
        ("index", "docs/{slug}.html", "docs/index.html", "docs/index.html"),
        ("guide/a", "docs/{slug}.html", "docs/guide/a.html", "docs/guide/a.html"),
        ("guide/a", "docs/{slug}", "docs/guide/a", "docs/guide/a.html"),
        ("index", "{slug}/", "", "index.html"),
    ],
)
def test_an_address_follows_the_setting(slug: str, pattern: str, url: str, file: str) -> None:
    assert (url_of(slug, pattern), save_as_of(url_of(slug, pattern))) == (url, file)


DOCS = [
    Doc("zebra", "Zebra", 1),
    Doc("guide/b", "Beta"),
    Doc("guide/a", "alpha"),
    Doc("index", "Docs", 9),
    Doc("apple", "Apple"),
    Doc("guide/last", "Aardvark", 2),
    Doc("guide", "Guide", 2),
    Doc("no-index-here/x", "X"),
]


def shape(nodes: list[Node[Doc]]) -> list[object]:
    return [(node.title, node.url, shape(node.children)) if node.children else (node.title, node.url) for node in nodes]


def test_the_tree_is_ordered_by_number_then_title_with_the_front_page_first() -> None:
    assert shape(tree_of(DOCS)) == [
        ("Docs", "docs/"),
        ("Zebra", "docs/zebra/"),
        (
            "Guide",
            "docs/guide/",
            [("Aardvark", "docs/guide/last/"), ("alpha", "docs/guide/a/"), ("Beta", "docs/guide/b/")],
        ),
        ("Apple", "docs/apple/"),
        ("No index here", "docs/no-index-here/x/", [("X", "docs/no-index-here/x/")]),
    ]


def test_the_way_through_is_that_of_the_tree() -> None:
    slugs = [doc.slug for node in tree_of(DOCS) for doc in node.walk()]
    assert slugs == ["index", "zebra", "guide", "guide/last", "guide/a", "guide/b", "apple", "no-index-here/x"]


def test_breadcrumbs_lead_from_the_front_page_to_the_doc_itself() -> None:
    by_slug = {doc.slug: doc for doc in DOCS}
    assert breadcrumbs_of(by_slug["guide/a"], by_slug) == [
        ("Docs", "docs/"),
        ("Guide", "docs/guide/"),
        ("alpha", "docs/guide/a/"),
    ]
    assert breadcrumbs_of(by_slug["no-index-here/x"], by_slug) == [("Docs", "docs/"), ("X", "docs/no-index-here/x/")]
    assert breadcrumbs_of(by_slug["index"], by_slug) == []


def test_headings_with_an_id_are_found_with_their_text_escaped() -> None:
    html = (
        '<h1 id="t">T</h1><h2 id="a">A <code>x &lt; y</code> &amp; b</h2><h2>no id</h2><h3 id="c"> C </h3><h4 id="d">'
    )
    assert headings(html) == [(2, "a", "A x &lt; y &amp; b"), (3, "c", "C")]
