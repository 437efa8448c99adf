"""Translations by Pelican's own mechanism: a second language, and one that is written from right to left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sites import Site, article

NewSite = Callable[..., Site]
URL = "https://x.example"


def translated(title: str, lang: str, body: str) -> str:
    return article(title, 1, body).replace("Summary:", f"Lang: {lang}\nSlug: first\nSummary:")


FILES: dict[str, str | bytes] = {
    "content/articles/first.md": translated("First", "en", "Hello."),
    "content/articles/first-de.md": translated("Erster", "de", "Guten Tag."),
    "content/articles/first-ar.md": translated("الأول", "ar", "مرحبا."),
    "content/articles/alone.md": article("Alone", 2),
}


@pytest.fixture
def built(new_site: NewSite) -> Site:
    site = new_site(FILES)
    done = site.pelican(SITEURL=URL)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def test_each_translation_names_them_all_itself_included(built: Site) -> None:
    every = {
        "ar": f"{URL}/ar/first/",
        "de": f"{URL}/de/first/",
        "en": f"{URL}/first/",
        "x-default": f"{URL}/first/",
    }
    for path in ("first/index.html", "de/first/index.html", "ar/first/index.html"):
        links = built.soup(path).select('head link[rel="alternate"][hreflang]')
        assert {link["hreflang"]: link["href"] for link in links} == every
    assert built.soup("alone/index.html").select("head link[hreflang]") == []


def test_a_page_says_its_language_and_direction(built: Site) -> None:
    roots = {path: built.soup(f"{path}/index.html").html for path in ("first", "de/first", "ar/first")}
    assert {path: (root["lang"], root.get("dir")) for path, root in roots.items()} == {
        "first": ("en", None),
        "de/first": ("de", None),
        "ar/first": ("ar", "rtl"),
    }
    links = built.soup("first/index.html").select(".article-header a[hreflang]")
    assert {link["lang"]: link["href"] for link in links} == {"ar": f"{URL}/ar/first/", "de": f"{URL}/de/first/"}


def test_each_language_has_an_index_of_its_own_to_search(built: Site) -> None:
    languages = built.json("pagefind/pagefind-entry.json")["languages"]
    assert {lang: found["page_count"] for lang, found in languages.items()} == {"ar": 1, "de": 1, "en": 2}
