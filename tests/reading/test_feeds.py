"""Feeds of whole builds, by what their formats ask for: RFC 4287, RSS 2.0, JSON Feed 1.1."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
from lxml import etree, html

from sites import Site, article, png

URL = "https://x.example/base"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
BODY = """\
See [the other]({filename}2.md#there), [below](#below) and ![a]({static}/images/a.png).[^1]

## Below

The last words.

[^1]: A note & <b>more</b>.
"""
FILES: dict[str, str | bytes] = {
    "content/articles/1.md": article("One & only", 1, BODY).replace(
        "Summary:", "Image: /images/a.png\nImage_alt: A\nSummary:"
    ),
    "content/articles/2.md": article("Two", 2),
    "content/images/a.png": png(40, 30),
}
ATOM_FEEDS = ("all", "category/strategy", "tag/funnels", "tag/journeys", "author/ada-sample")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("feeds")).write(FILES)
    done = site.pelican(SITEURL=URL)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def addresses(text: str) -> set[str]:
    """Everything that a text links to or shows."""
    return {str(address) for *_, address, _ in html.fragment_fromstring(text, create_parent="div").iterlinks()}


@pytest.mark.parametrize("name", ATOM_FEEDS)
def test_an_atom_feed_has_what_it_must_and_whole_texts(built: Site, name: str) -> None:
    feed = etree.parse(built.output / f"feeds/{name}.atom.xml").getroot()
    own = f"{URL}/feeds/{name}.atom.xml"
    assert feed.xpath("string(a:id)", namespaces=ATOM) == own
    assert feed.xpath("a:link[@rel='self']/@href", namespaces=ATOM) == [own]
    assert [len(feed.xpath(f"a:{one}", namespaces=ATOM)) for one in ("title", "updated", "author", "id")] == [
        1,
        1,
        1,
        1,
    ]
    entries = feed.xpath("a:entry", namespaces=ATOM)
    for entry in entries:
        required = ("title", "updated", "id", "content", "author", "link[@rel='alternate']")
        assert [len(entry.xpath(f"a:{one}", namespaces=ATOM)) for one in required] == [1] * len(required)
        assert re.match(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$", entry.xpath("string(a:updated)", namespaces=ATOM)
        )
    assert len({entry.xpath("string(a:id)", namespaces=ATOM) for entry in entries}) == len(entries) == 2
    text = entries[1].xpath("string(a:content)", namespaces=ATOM)
    assert "The last words." in text
    assert addresses(text) >= {f"{URL}/two/#there", f"{URL}/one-only/#below", f"{URL}/images/a.png"}
    assert [address for address in addresses(text) if urlsplit(address).scheme != "https"] == []
    assert text.startswith(f'<p><img src="{URL}/images/a.png"')


def test_the_rss_feed_has_what_it_must_and_whole_texts(built: Site) -> None:
    channel = etree.parse(built.output / "feeds/all.rss.xml").getroot().find("channel")
    assert channel is not None
    assert all((channel.findtext(one) or "").strip() for one in ("title", "link", "description", "language"))
    items = channel.findall("item")
    assert [item.findtext("title") for item in items] == ["Two", "One & only"]
    for item in items:
        assert parsedate_to_datetime(item.findtext("pubDate") or "").tzinfo is not None
        assert item.findtext("guid")
    text = items[1].findtext("description") or ""
    assert "The last words." in text
    assert [address for address in addresses(text) if not address.startswith(URL)] == []


def test_pages_say_which_feeds_there_are(built: Site) -> None:
    def feeds(path: str) -> list[tuple[str, str]]:
        links = built.soup(path).select('head link[rel="alternate"][type]')
        return [(link["type"].removeprefix("application/"), link["href"].removeprefix(URL)) for link in links]

    every = [("atom+xml", "/feeds/all.atom.xml"), ("rss+xml", "/feeds/all.rss.xml")]
    last = [("feed+json", "/feed.json")]
    assert feeds("archives/index.html") == every + last
    of_comments = [("atom+xml", "/comments/two.atom.xml")]
    of_category = [("atom+xml", "/feeds/category/strategy.atom.xml")]
    assert sorted(feeds("two/index.html")) == sorted([*every, *of_category, *last, *of_comments])
    for name in ATOM_FEEDS[1:]:
        assert feeds(f"{name}/index.html") == [*every, ("atom+xml", f"/feeds/{name}.atom.xml"), *last]


def test_an_article_and_its_author_can_be_read_as_microformats(built: Site) -> None:
    entry = built.soup("one-only/index.html").select_one(".h-entry")
    assert entry.select_one(".p-name").get_text() == "One & only"
    assert entry.select_one(".u-url")["value"] == f"{URL}/one-only/"
    assert entry.select_one(".dt-published")["datetime"] == "2026-01-01T09:00:00+01:00"
    assert "The last words." in entry.select_one(".e-content").get_text()
    author = entry.select_one(".p-author.h-card")
    assert (author.get_text(), author["href"]) == ("Ada Sample", f"{URL}/author/ada-sample/")
    assert {one.get_text() for one in entry.select(".p-category")} == {"Strategy", "funnels", "journeys"}
    cards = built.soup("index.html").select(".h-entry")
    assert [card.select_one(".p-name.u-url")["href"] for card in cards] == [f"{URL}/two/", f"{URL}/one-only/"]
