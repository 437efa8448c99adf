"""What pages, feed and sitemap of a whole build say to browsers, search engines and feed readers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup

from milepost.reading import text
from sites import Site, article, png

URL = "https://x.example/base"
HOSTILE = "</script><script>alert(1)</script> & <b>bold</b>"
LINKS = "Read [the docs]({filename}/docs/start.md), or [this](#here).[^1]\n\n[^1]: A note."
MORE = f"""\
Modified: 2026-02-01
Image: images/a.png
Image_alt: A
Summary: {HOSTILE}"""
FILES: dict[str, str | bytes] = {
    "content/articles/1.md": article("Post 1", 1, LINKS),
    "content/articles/2.md": article("Post 2", 2).replace("Summary: What", MORE),
    "content/articles/3.md": article("Post 3", 3, "word " * 690),
    "content/articles/0.md": article("Hidden", 4).replace("Summary:", "Status: hidden\nSummary:"),
    "content/docs/index.md": "Title: Docs\n\nBegin.\n",
    "content/docs/start.md": "Title: Start\n\nHow to start.\n",
    "content/authors/ada.md": "Name: Ada Sample\nRole: Editor\nLinks: Site https://ada.example/\n\nA sample.\n",
    "content/pages/404.md": "Title: Lost\nSlug: lost\nSave_as: 404.html\nUrl: 404.html\n\nNothing.\n",
    "content/images/a.png": png(1400, 700),
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("reading"), "DEFAULT_PAGINATION = 2").write(FILES)
    done = site.pelican(SITEURL=URL)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def graph(soup: BeautifulSoup) -> dict[str, dict[str, Any]]:
    """The page's JSON-LD, by type."""
    (script,) = soup.find_all("script", type="application/ld+json")
    return {thing["@type"]: thing for thing in json.loads(script.string)["@graph"]}


def canonical(soup: BeautifulSoup) -> list[str]:
    return [link["href"] for link in soup.find_all("link", rel="canonical")]


def test_an_article_says_what_it_is(built: Site) -> None:
    soup = built.soup("post-2/index.html")
    assert canonical(soup) == [f"{URL}/post-2/"]
    posting = graph(soup)["BlogPosting"]
    assert posting["headline"] == "Post 2"
    assert posting["datePublished"] == "2026-01-02T09:00:00+01:00"
    assert posting["dateModified"] == "2026-02-01T00:00:00+01:00"
    assert re.fullmatch(rf"{URL}/pictures/a\.\w+\.1280\.jpg", posting["image"])
    assert (built.output / posting["image"].removeprefix(f"{URL}/")).is_file()
    assert posting["author"] == [
        {
            "@type": "Person", "name": "Ada Sample", "url": f"{URL}/author/ada-sample/", "jobTitle": "Editor",
            "sameAs": ["https://ada.example/"],
        }
    ]  # fmt: skip
    trail = [(item["name"], item["item"]) for item in graph(soup)["BreadcrumbList"]["itemListElement"]]
    assert trail == [("Milepost", f"{URL}/"), ("Strategy", f"{URL}/category/strategy/"), ("Post 2", f"{URL}/post-2/")]
    opened = {meta["property"]: meta["content"] for meta in soup.find_all("meta", property=True)}
    assert re.fullmatch(rf"{URL}/cards/\w+\.png", opened["og:image"])
    assert (opened["og:image:width"], opened["og:image:alt"]) == ("1200", "Post 2 · Milepost")
    assert opened["og:type"] == "article"


def test_hostile_words_in_front_matter_stay_words(built: Site) -> None:
    soup = built.soup("post-2/index.html")
    scripts = [script for script in soup.find_all("script") if script.get("type") != "application/ld+json"]
    assert [script.get("src") for script in scripts] == [
        f"{URL}/theme/js/site.js",
        f"{URL}/journey.v1.js",
    ]
    assert all("alert" not in (script.string or "") for script in scripts)


def test_docs_listings_authors_and_home_each_say_their_own(built: Site) -> None:
    assert graph(built.soup("docs/start/index.html"))["TechArticle"]["headline"] == "Start"
    assert graph(built.soup("author/ada-sample/index.html"))["Person"]["jobTitle"] == "Editor"
    home = built.soup("index.html")
    assert {"WebSite", "Organization"} <= graph(home).keys()
    assert canonical(home) == [f"{URL}/"]
    assert canonical(built.soup("page/2/index.html")) == [f"{URL}/page/2/"]
    assert canonical(built.soup("404.html")) == []


def test_neighbours_and_reading_time_are_on_the_page(built: Site) -> None:
    links = [link["href"] for link in built.soup("post-2/index.html").main.find_all("a")]
    assert {f"{URL}/post-1/", f"{URL}/post-3/"} <= set(links)
    assert "3 min read" in built.soup("post-3/index.html").main.get_text()


def test_the_feed_has_full_text_with_absolute_links(built: Site) -> None:
    feed = built.json("feed.json")
    assert (feed["version"], feed["home_page_url"]) == ("https://jsonfeed.org/version/1.1", f"{URL}/")
    assert [item["id"] for item in feed["items"]] == ["blog/post-3", "blog/post-2", "blog/post-1"]
    first = feed["items"][2]
    assert f'<a href="{URL}/docs/start/">the docs</a>' in first["content_html"]
    assert f'<a href="{URL}/post-1/#here">this</a>' in first["content_html"]
    assert first["_milepost"] == {"touchpoint": "blog/post-1"}
    assert first["tags"] == ["Strategy", "funnels", "journeys"]
    assert feed["items"][1]["date_modified"] == "2026-02-01T00:00:00+01:00"


def test_the_sitemap_lists_what_may_be_found_and_nothing_else(built: Site) -> None:
    soup = BeautifulSoup((built.output / "sitemap.xml").read_bytes(), "xml")
    listed = {url.loc.string: url.lastmod and url.lastmod.string for url in soup.find_all("url")}
    assert listed[f"{URL}/post-2/"] == "2026-02-01T00:00:00+01:00"
    assert listed[f"{URL}/docs/start/"] is None
    for absent in ("404.html", "hidden/", "newsletter/shell.html"):
        assert f"{URL}/{absent}" not in listed
    assert f"Sitemap: {URL}/sitemap.xml\n" in (built.output / "robots.txt").read_text()
    assert "Disallow: /base/newsletter/\n" in (built.output / "robots.txt").read_text()


def test_text_is_counted_cut_and_made_absolute() -> None:
    assert text.plain("<p>Fish &amp;\n <b>chips</b></p>") == "Fish & chips"
    assert (text.minutes(""), text.minutes("<p>" + "word " * 690 + "</p>")) == (1, 3)
    assert text.shortened("a long sentence, cut", 18) == "a long sentence…"
    assert (
        text.absolute('x <a href="../b">b</a> y', "https://x.example/a/c/")
        == 'x <a href="https://x.example/a/b">b</a> y'
    )
