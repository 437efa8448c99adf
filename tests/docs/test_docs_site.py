"""Docs in a built site: with a theme that knows them, and with one that does not."""
# ruff: noqa: E501 - a source is a line

from __future__ import annotations

from collections.abc import Callable

import pytest

from sites import Site, article

New = Callable[..., Site]
CONF = "THEME = 'simple'\nPLUGINS = ['milepost.writing', 'milepost.authors', 'milepost.docs']\n"
BASE = "http://127.0.0.1:8000"
DOCS: dict[str, str | bytes] = {
    "content/articles/a.md": article("First", 1, "See [the docs]({filename}/docs/index.md), [deep]({filename}../docs/guide/deep.md#part)."),
    "content/pages/p.md": "Title: About\n\n[docs]({filename}../docs/index.md)",
    "content/docs/index.md": "Title: Docs\nSummary: About [it]({filename}guide/deep.md)\n\nBegin with [First]({filename}/articles/a.md).",
    "content/docs/guide/index.md": "Title: Guide\nOrder: 1\n\nText",
    "content/docs/guide/deep.md": "Title: Deep & more\nModified: 2026-02-03\n\n## Part {#part}\n\n![x]({static}x.png)\n\n[up]({filename}index.md)",
    "content/docs/guide/x.png": b"\x89PNG",
    "content/docs/other.md": "Title: Other\nAuthor: Ada\n\nText",
    "content/docs/draft.md": "Title: Draft\nStatus: draft\n\nText",
    "content/authors/ada.md": "Name: Ada\n\nBio",
}  # fmt: skip
TEMPLATE = """\
{% extends "!simple/base.html" %}{% block content %}
<nav id="crumbs">{% for title, url in doc.breadcrumbs %}<a href="{{ url }}">{{ title|e }}</a>{% endfor %}</nav>
<p id="around">{{ doc.previous.url }}|{{ doc.next.url }}</p>
<p id="toc">{% for level, id, text in doc.toc %}{{ level }} {{ id }} {{ text }}{% endfor %}</p>
<p id="below">{% for child in doc.below %}{{ child.url }} {% endfor %}</p>
<p id="same">{{ page == doc }} {{ doc.slug }} {{ doc.author_bios|length }}</p>
{% include "docs/tree.html" %}
{% endblock %}
"""


def links(site: Site, page: str, css: str = "main a") -> list[str]:
    return [str(a["href"]) for a in site.soup(page).select(css)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The docs above, with Pelican's own `simple`."""
    site = Site(tmp_path_factory.mktemp("docs"), CONF).write(DOCS)
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    assert "Done: Processed 1 article, 0 drafts, 0 hidden articles, 1 page," in done.stdout
    return site


def test_a_theme_that_knows_no_docs_shows_them_as_pages(built: Site) -> None:
    assert [str(path.relative_to(built.output)) for path in sorted((built.output / "docs").rglob("*.*"))] == [
        "docs/guide/deep/index.html",
        "docs/guide/index.html",
        "docs/guide/x.png",
        "docs/index.html",
        "docs/other/index.html",
    ]
    deep = built.soup("docs/guide/deep/index.html")
    assert deep.select_one("main h2").get_text() == "Deep & more"
    assert deep.select_one("main footer").get_text().strip() == "Last updated: 3 February 2026"


def test_links_lead_from_articles_to_docs_and_back(built: Site) -> None:
    assert links(built, "first/index.html")[1:3] == [f"{BASE}/docs/", f"{BASE}/docs/guide/deep/#part"]
    assert links(built, "about/index.html") == [f"{BASE}/docs/"]
    assert links(built, "docs/index.html") == [f"{BASE}/first/"]
    assert links(built, "docs/guide/deep/index.html") == [f"{BASE}/docs/guide/"]
    assert built.soup("docs/guide/deep/index.html").find("img", alt="x")["src"] == f"{BASE}/docs/guide/x.png"


def test_a_theme_that_knows_docs_has_the_tree_and_the_way_through_it(new_site: New) -> None:
    site = new_site({**DOCS, "templates/doc.html": TEMPLATE}, CONF + "THEME_TEMPLATES_OVERRIDES = ['templates']\n")
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    page = site.soup("docs/guide/deep/index.html")
    assert [(a.get_text(), a["href"]) for a in page.select("#crumbs a")] == [
        ("Docs", "docs/"), ("Guide", "docs/guide/"), ("Deep & more", "docs/guide/deep/"),
    ]  # fmt: skip
    assert page.select_one("#around").get_text() == "docs/guide/|docs/other/"
    assert page.select_one("#toc").get_text() == "2 part Part"
    assert page.select_one("#same").get_text() == "True guide/deep 0"
    assert [(a.get_text(), a.get("aria-current")) for a in page.select(".docs-tree a")] == [
        ("Docs", None), ("Guide", None), ("Deep & more", "page"), ("Other", None),
    ]  # fmt: skip
    assert site.soup("docs/index.html").select_one("#around").get_text() == "|docs/guide/"
    assert site.soup("docs/guide/index.html").select_one("#below").get_text() == "docs/guide/deep/ "
    assert page.select_one("#below").get_text() == ""
    assert site.soup("docs/other/index.html").select_one("#same").get_text() == "True other 1"


def test_docs_are_no_articles_pages_or_files(new_site: New) -> None:
    files = {"content/a.md": article("First"), "content/docs/index.md": "Title: Docs\n\nText"}
    site = new_site(files, CONF + "ARTICLE_PATHS = ['']\nPAGE_PATHS = ['docs']\nSTATIC_PATHS = ['docs']")
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    assert "Processed 1 article, 0 drafts, 0 hidden articles, 0 pages," in done.stdout
    assert [path.name for path in (site.output / "docs").rglob("*")] == ["index.html"]


def test_docs_can_be_elsewhere(new_site: New) -> None:
    files = {"content/manual/index.md": "Title: Manual\n\nText", "content/manual/a.md": "Title: A\n\nText"}
    site = new_site(files, CONF + "DOCS_PATHS = ['manual']\nDOCS_URL = 'help/{slug}.html'")
    assert site.pelican().returncode == 0
    assert sorted(path.name for path in (site.output / "help").iterdir()) == ["a.html", "index.html"]


def test_a_site_without_docs_is_built_as_ever(new_site: New) -> None:
    site = new_site({"content/articles/a.md": article()}, CONF)
    assert site.pelican().returncode == 0
    assert not (site.output / "docs").exists()


@pytest.mark.parametrize(
    ("front", "line"),
    [
        ("Title: A\nOrder: first\n", '2: "Order: first" is no whole number; write digits'),
        ("Title: A\nSlug: b\n", '2: unknown field "Slug"; take the line out'),
        ("Order: 1\n", '1: no "Title"; add "Title: …"'),
    ],
)
def test_a_faulty_doc_is_one_line(new_site: New, front: str, line: str) -> None:
    done = new_site({"content/docs/a.md": f"{front}\nText"}, CONF).milepost("check")
    assert (done.returncode, done.stdout) == (1, f"content/docs/a.md:{line}\n")
