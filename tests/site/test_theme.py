"""The theme: every kind of page as readers get it from a whole build."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from bs4 import Tag

from sites import ROOT, Site, article

HOSTILE = 'Tom & <b>Jerry</b> "quoted"'
ESCAPED = 'Tom &amp; &lt;b&gt;Jerry&lt;/b&gt; "quoted"'
FILES: dict[str, str | bytes] = {
    "content/articles/a.md": article("First post", 1, "One.\n\n    :::python\n    x = 1\n\nText[^1].\n\n[^1]: Foot.\n"),
    "content/articles/b.md": article("Second post", 2).replace("Tags:", "Modified: 2026-02-01\nTags:"),
    "content/articles/c.md": article(HOSTILE, 3).replace("Summary: What", "Summary: About"),
    "content/pages/about.md": "Title: About\nSlug: about\nSummary: Who we are.\n\nWe are.\n",
    "content/pages/privacy.md": "Title: Privacy\nSlug: privacy\n\n## Choices { #choices }\n\nYours.\n",
    "content/pages/404.md": (
        "Title: Not here\nTemplate: error\nSave_as: 404.html\nURL: 404.html\nStatus: hidden\n\nTry these.\n"
    ),
}
PAGES = {
    "home": "index.html",
    "home, page 2": "page/2/index.html",
    "article": "first-post/index.html",
    "page": "about/index.html",
    "category": "category/strategy/index.html",
    "tag": "tag/funnels/index.html",
    "author": "author/ada-sample/index.html",
    "archives": "archives/index.html",
    "categories": "categories/index.html",
    "tags": "tags/index.html",
    "authors": "authors/index.html",
    "error": "404.html",
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The theme alone, on Pelican alone: what no slice has to help with."""
    site = Site(tmp_path_factory.mktemp("plain"), "PLUGINS = []\nDEFAULT_PAGINATION = 2").write(FILES)
    result = site.pelican()
    assert result.returncode == 0, result.stderr
    return site


def texts(tags: list[Tag]) -> list[str]:
    return [" ".join(tag.get_text().split()) for tag in tags]


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_every_kind_of_page_has_what_every_page_has(plain: Site, path: str) -> None:
    soup = plain.soup(path)
    head = [tag.name for tag in soup.head.find_all(["meta", "title", "link", "script"])] if soup.head else []
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    stylesheets = soup.select('link[rel="stylesheet"]')
    assert head[:2] == ["meta", "meta"]
    assert policy in soup.select("head > meta")[:2]
    assert "unsafe" not in policy["content"]
    assert [sheet["href"] for sheet in stylesheets] == ["http://127.0.0.1:8000/theme/css/style.css"]
    assert soup.select_one("body > a")["href"] == "#main"
    assert (len(soup.select("main#main h1")), len(soup.select("h1")), len(soup.select("main"))) == (1, 1, 1)
    assert texts(soup.select("header .site-nav a")) == ["Articles", "About"]
    assert texts(soup.select(".closing h2")) == ["Stay informed", "About our company"]
    assert "http://127.0.0.1:8000/privacy/#choices" in [link["href"] for link in soup.select("body > footer a")]
    assert soup.select("[style], script:not([src]), style") == []
    scripts = [script["src"].rpartition("/")[2] for script in soup.select("script")]
    assert scripts == ["site.js"]
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert sorted(set(ids)) == sorted(ids)


def test_text_of_writers_is_text_and_not_markup(plain: Site) -> None:
    home = (plain.output / "index.html").read_text()
    assert "<b>Jerry</b>" not in home.replace(plain.soup("index.html").select_one(".summary").decode_contents(), "")
    assert texts(plain.soup("index.html").select("main article h2"))[0] == HOSTILE
    assert HOSTILE in texts(plain.soup("archives/index.html").select("main li a"))
    assert ESCAPED.replace('"', "&#34;") in (plain.output / "archives" / "index.html").read_text()


def test_home_leads_with_the_newest_article_and_says_whose_they_are(plain: Site) -> None:
    soup = plain.soup("index.html")
    assert texts(soup.select("h1, .tagline")) == [
        "Articles by Milepost",
        "There never was a funnel. Measure the journeys that readers really take.",
    ]
    assert texts(soup.select(".card-lead h2")) == [HOSTILE]
    assert texts(soup.select(".card:not(.card-lead) h2")) == ["Second post"]
    # The first link of a card is the article itself.
    assert soup.select_one("main article a")["href"].startswith("http://127.0.0.1:8000/tom-")


def test_listings_lead_from_page_to_page(plain: Site) -> None:
    first, second = plain.soup("index.html"), plain.soup("page/2/index.html")
    assert [link["href"] for link in first.select(".pagination a")] == ["http://127.0.0.1:8000/page/2/"]
    assert [link["href"] for link in second.select(".pagination a")] == ["http://127.0.0.1:8000/"]
    assert second.select(".card-lead") == []
    assert texts(second.select(".pagination span:not([aria-hidden])")) == ["Page 2 of 2"]


def test_the_current_place_is_marked_in_the_navigation(plain: Site) -> None:
    current = {
        path: {link.get_text(): link["aria-current"] for link in plain.soup(path).select(".site-nav [aria-current]")}
        for path in ("index.html", "first-post/index.html", "about/index.html", "404.html")
    }
    assert current == {
        "index.html": {"Articles": "page"},
        "first-post/index.html": {"Articles": "true"},
        "about/index.html": {"About": "page"},
        "404.html": {},
    }


def test_an_article_says_when_it_was_published_and_updated(plain: Site) -> None:
    soup = plain.soup("second-post/index.html")
    times = {time["datetime"][:10]: time.get_text() for time in soup.select(".article-header time")}
    assert times == {"2026-01-02": "2 January 2026", "2026-02-01": "1 February 2026"}
    assert texts(soup.select(".kicker a")) == ["Strategy"]
    assert texts(soup.select(".tags a")) == ["funnels", "journeys"]
    assert texts(soup.select(".byline a")) == ["Ada Sample"]
    assert len(plain.soup("first-post/index.html").select(".article-header time")) == 1


def test_archives_are_by_year_newest_first(plain: Site) -> None:
    soup = plain.soup("archives/index.html")
    assert texts(soup.select(".year h2")) == ["2026"]
    assert texts(soup.select(".year li a")) == [HOSTILE, "Second post", "First post"]


def test_the_error_page_shows_ways_on(plain: Site) -> None:
    soup = plain.soup("404.html")
    assert texts(soup.select("h1, .prose p")) == ["Not here", "Try these."]
    assert texts(soup.select(".way-on li a")) == [HOSTILE, "Second post", "First post"]
    assert [link["href"] for link in soup.select(".ways a")] == [
        "http://127.0.0.1:8000/",
        "http://127.0.0.1:8000/archives/",
    ]


def test_a_site_with_no_article_says_so(new_site: Callable[..., Site]) -> None:
    site = new_site({"content/pages/about.md": FILES["content/pages/about.md"]}, "PLUGINS = []")
    result = site.pelican()
    assert result.returncode == 0, result.stderr
    for path in ("index.html", "archives/index.html", "tags/index.html"):
        assert texts(site.soup(path).select(".empty strong")) == ["Nothing published yet."], path


AUTHOR = "Name: Ada Sample\nRole: Editor\nOrganisation: Example Works\n\nAda is <em>a sample</em>.\n"
SNAPSHOT = {
    "version": 1,
    "forum": "milepost-example",
    "fetched": "2026-02-01T00:00:00Z",
    "threads": [
        {
            "id": "1",
            "identifiers": ["blog/first-post"],
            "link": "",
            "title": "First post",
            "closed": False,
            "posts": [
                {
                    "id": id_,
                    "parent": parent,
                    "author": name,
                    "at": f"2026-01-0{id_}T12:00:00Z",
                    "message": f"<p>{name} says</p>",
                    "deleted": name == "Gone",
                }
                for id_, parent, name in (("3", None, "Rosa"), ("4", "3", "Gone"), ("5", "4", "Li <x>"))
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The theme with every slice, as it is meant to be."""
    files = {
        "content/articles/a.md": article("First post", 1).replace("Ada Sample", "Ada Sample, Bo Unknown"),
        "content/articles/b.md": article("Second post", 2),
        "content/authors/ada.md": AUTHOR,
        "content/docs/index.md": "Title: The only doc\n\n## A `part` & more\n\nText.\n\n### Below\n\nText.\n",
        "content/pages/privacy.md": FILES["content/pages/privacy.md"],
        "content/comments.json": json.dumps(SNAPSHOT),
    }
    site = Site(tmp_path_factory.mktemp("whole")).write(files)
    result = site.pelican()
    assert result.returncode == 0, result.stdout + result.stderr
    return site


def test_a_whole_site_is_served_with_one_stylesheet(whole: Site) -> None:
    theme = whole.output / "theme"
    assert sorted(str(path.relative_to(theme)) for path in theme.rglob("*.css")) == ["css/style.css"]


def test_authors_with_a_bio_have_a_box_and_others_a_name(whole: Site) -> None:
    soup = whole.soup("first-post/index.html")
    assert texts(soup.select(".byline a")) == ["Ada Sample", "Bo Unknown"]
    assert texts(soup.select(".about-authors > h2, .author-box h3, .author-box .role, .author-box .bio")) == [
        "About the author",
        "Ada Sample",
        "Editor, Example Works",
        "Ada is a sample.",
    ]
    assert texts(whole.soup("author/ada-sample/index.html").select(".author-box .bio")) == ["Ada is a sample."]
    without = whole.soup("author/bo-unknown/index.html")
    assert (without.select(".author-box"), texts(without.select("h1, .card h2"))) == ([], ["Bo Unknown", "First post"])


def test_comments_are_a_tree_with_a_place_for_what_was_deleted(whole: Site) -> None:
    soup = whole.soup("first-post/index.html")
    assert [(item["id"], len(item.find_parents("ol"))) for item in soup.select(".comment")] == [
        ("comment-3", 1),
        ("comment-4", 2),
        ("comment-5", 3),
    ]
    assert texts(soup.select(".comment-deleted")) == ["This comment was deleted."]
    assert texts(soup.select(".comment-header strong")) == ["Rosa", "Li <x>"]
    assert texts(whole.soup("index.html").select(".card .meta a[href$='#comments']")) == ["2 comments"]
    assert soup.select_one("#comments h2").get_text() == "2 comments"


def test_an_article_leads_to_its_neighbours(whole: Site) -> None:
    ways = {
        path: [(link["rel"], link["href"]) for link in whole.soup(path).select(".neighbours a")]
        for path in ("first-post/index.html", "second-post/index.html")
    }
    assert ways == {
        "first-post/index.html": [(["next"], "http://127.0.0.1:8000/second-post/")],
        "second-post/index.html": [(["prev"], "http://127.0.0.1:8000/first-post/")],
    }


def test_a_doc_alone_has_its_contents_and_tree_and_leads_nowhere(whole: Site) -> None:
    soup = whole.soup("docs/index.html")
    assert [(link["href"], link.get_text()) for link in soup.select(".contents a")] == [
        ("#a-part-more", "A part & more"),
        ("#below", "Below"),
    ]
    assert [(link.get_text(), link.get("aria-current")) for link in soup.select(".docs-tree a")] == [
        ("The only doc", "page")
    ]
    assert soup.select(".neighbours, .breadcrumbs, .to-tree") == []
    assert {link.get_text(): link["aria-current"] for link in soup.select(".site-nav [aria-current]")} == {
        "Docs": "page"
    }


def test_the_icon_in_each_page_is_the_themes_own_file(plain: Site) -> None:
    media, _, data = plain.soup("index.html").select_one('link[rel="icon"]')["href"].partition(",")
    file = (ROOT / "theme/static/favicon.svg").read_text().strip()
    assert (media, unquote(data)) == ("data:image/svg+xml", file.replace('"', "'"))
