"""Bios on articles and author pages of a built site, and what `milepost check` says of author files."""
# ruff: noqa: E501 - a finding is one line

from __future__ import annotations

from collections.abc import Callable

import pytest

from sites import Site, article, png

New = Callable[..., Site]
CONF = "THEME = 'simple'\nTHEME_TEMPLATES_OVERRIDES = ['templates']\nPLUGINS = ['milepost.writing', 'milepost.authors', 'milepost.docs']\n"
ARTICLE_TEMPLATE = """\
{% extends "!simple/article.html" %}
{% block content %}{{ super() }}{% include "authors/box.html" %}{% endblock %}
"""
AUTHOR_TEMPLATE = """\
{% extends "!simple/author.html" %}
{% block content_title %}<h2>{{ author }}</h2>{% if author.bio %}{% with bios = [author.bio] %}{% include "authors/box.html" %}{% endwith %}{% endif %}{% endblock %}
"""
ADA = """\
Name: Ada Sample
Slug: ada
Role: Editor
Organisation: Bell & Co
Photo: portraits/ada.png
Links: Home https://ada.example/?a=1&b=2

Wrote *[First]({filename}/articles/a.md)*, and <b>it</b> is hers.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site of two articles by five authors, of whom three have files."""
    files: dict[str, str | bytes] = {
        "templates/article.html": ARTICLE_TEMPLATE,
        "templates/author.html": AUTHOR_TEMPLATE,
        "content/articles/a.md": article("First").replace("Ada Sample", "ada sample, Bo Sample, Cy"),
        "content/articles/b.md": article("Second", 2, "By [her]({author}Ada Sample).").replace("Ada Sample\n", "Cy\n"),
        "content/authors/ada.md": ADA,
        "content/authors/bo.md": "Name: Bo Sample\n\nBo.",
        "content/authors/dee.md": "Name: Dee Sample\n\nHas written nothing yet.",
        "content/portraits/ada.png": png(200, 100),
    }
    site = Site(tmp_path_factory.mktemp("authors"), CONF).write(files)
    done = site.pelican()
    assert done.returncode == 0, done.stderr
    return site


def test_an_article_shows_a_box_for_each_author_that_has_a_file(built: Site) -> None:
    boxes = built.soup("first/index.html").select(".author-box")
    assert [box["aria-label"] for box in boxes] == ["About Ada Sample", "About Bo Sample"]
    ada = boxes[0]
    img = ada.img
    assert img is not None
    assert img.attrs == {
        "class": ["author-photo"], "src": "http://127.0.0.1:8000/portraits/ada.png", "alt": "",
        "width": "96", "height": "48", "loading": "lazy",
    }  # fmt: skip
    assert (built.output / "portraits/ada.png").is_file()
    assert ada.select_one(".author-name").get_text() == "Ada Sample, Editor, Bell & Co"
    assert [(a.get_text(), a["href"]) for a in ada.select("a")] == [
        ("Ada Sample", "http://127.0.0.1:8000/author/ada/"),
        ("First", "http://127.0.0.1:8000/first/"),
        ("Home", "https://ada.example/?a=1&b=2"),
    ]


def test_author_pages_are_at_the_bios_slug_and_show_it(built: Site) -> None:
    assert sorted(path.name for path in (built.output / "author").iterdir()) == ["ada", "bo-sample", "cy", "dee-sample"]
    page = built.soup("author/ada/index.html")
    assert [box["aria-label"] for box in page.select(".author-box")] == ["About Ada Sample"]
    assert [a["href"] for a in page.select("a[rel=bookmark]")] == ["http://127.0.0.1:8000/first/"]
    assert built.soup("author/cy/index.html").select(".author-box") == []
    assert built.soup("author/dee-sample/index.html").select_one(".author-box") is not None


def test_authors_who_wrote_nothing_are_in_no_listing(built: Site) -> None:
    assert "Dee Sample" not in (built.output / "authors/index.html").read_text()


def test_links_by_an_authors_name_lead_to_the_bios_slug(built: Site) -> None:
    assert built.soup("second/index.html").find("a", string="her")["href"] == "http://127.0.0.1:8000/author/ada/"


def test_author_files_are_no_articles_pages_or_files(new_site: New) -> None:
    site = new_site(
        {"content/a.md": article("First"), "content/authors/ada.md": "Name: Ada Sample\n\nText"},
        CONF + "ARTICLE_PATHS = ['']\nSTATIC_PATHS = ['authors']",
    )
    done = site.pelican()
    assert (done.returncode, "Skipping" in done.stderr + done.stdout) == (0, False)
    assert not list(site.output.rglob("*.md"))
    assert "Processed 1 article," in done.stdout


def test_a_site_without_author_files_is_built_as_ever(new_site: New) -> None:
    site = new_site({"content/articles/a.md": article("First")}, CONF)
    assert site.pelican().returncode == 0
    assert (site.output / "author/ada-sample/index.html").is_file()


def test_check_names_every_fault_of_author_files(new_site: New) -> None:
    files = {
        "content/articles/a.md": article("First").replace("Ada Sample", "Ada Sample, Zoe"),
        "content/articles/b.md": article("Second", 2).replace("Authors: Ada Sample", "Author: Zoe"),
        "content/authors/ada.md": ADA.replace("{filename}/articles/a.md", "{filename}/articles/q.md"),
        "content/authors/again.md": "Name: Ada Sample\n\nA bio.\n",
        "content/authors/other.md": "Name: Other\nSlug: ada\n\nA bio.\n",
        "content/authors/sample.md": "Role: None\n",
    }
    done = new_site(files, CONF).milepost("check")
    assert done.stdout.splitlines() == [
        'content/articles/a.md:5: warning: author "Zoe" has no file; 2 files name them; add one to authors/, with "Name: Zoe"',
        "content/authors/ada.md:5: photo portraits/ada.png is not there; add portraits/ada.png to the content folder, or mend the path",
        "content/authors/ada.md:8: dead link {filename}/articles/q.md: there is no articles/q.md; mend the path, or add the file",
        'content/authors/again.md:1: "Ada Sample" has a file already: content/authors/ada.md; make them one',
        'content/authors/other.md:2: slug "ada" is that of content/authors/ada.md too; give one of them another "Slug: …"',
        'content/authors/sample.md:1: no "Name"; add "Name: …"',
    ]
    assert done.returncode == 1


def test_a_broken_author_file_stops_a_build_without_the_checks_too(new_site: New) -> None:
    site = new_site({"content/authors/x.md": "Role: None\n"}, CONF.replace("'milepost.writing', ", ""))
    done = site.pelican()
    assert (done.returncode, (done.stdout + done.stderr).strip()) == (
        1,
        'content/authors/x.md:1: no "Name"; add "Name: …"',
    )
    assert not site.output.exists()
