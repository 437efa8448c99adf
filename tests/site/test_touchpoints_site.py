"""Whole builds: every page is tagged, once, with any theme, and the manifest lists them all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from sites import PLAN, Site, article

NewSite = Callable[..., Site]

LOST = "Title: Nothing here\nSlug: lost\nSave_as: 404.html\nUrl: 404.html\nStatus: hidden\n\nLook elsewhere.\n"
FILES = {
    **{f"content/articles/{day}.md": article(f"Post {day}", day) for day in range(1, 5)},
    "content/docs/index.md": "Title: Docs\n\nBegin [here]({filename}start.md).\n",
    "content/docs/start.md": "Title: Start\n\nBack to [a post]({filename}/articles/1.md).\n",
    "content/pages/about.md": "Title: About\nTouchpoint: site/who-we-are\n\nUs.\n",
    "content/pages/404.md": LOST,
    "content/plan.toml": PLAN,
    "content/images/old.html": "<title>Old</title><p>Made by another tool",
    "content/images/moved.html": '<meta http-equiv="refresh" content="0; url=/">',
}
EXPECTED = {
    "blog/index": "listing",
    "blog/index/2": "listing",
    "blog/archives": "listing",
    "blog/categories": "listing",
    "blog/tags": "listing",
    "blog/authors": "listing",
    "blog/category/strategy": "listing",
    "blog/category/strategy/2": "listing",
    "blog/tag/funnels": "listing",
    "blog/tag/funnels/2": "listing",
    "blog/tag/journeys": "listing",
    "blog/tag/journeys/2": "listing",
    "blog/author/ada-sample": "author",
    "blog/author/ada-sample/2": "author",
    "blog/post-1": "article",
    "blog/post-2": "article",
    "blog/post-3": "article",
    "blog/post-4": "article",
    "docs/index": "doc",
    "docs/start": "doc",
    "site/who-we-are": "page",
    "site/lost": "error",
    "site/discussion": "service",
    "site/newsletter": "service",
    "newsletter/issues": "listing",
    "site/search": "search",
    "site/images/old": "page",
}


def tagged(output: Path) -> dict[str, str]:
    """id -> kind of every page that is not a redirect; fails when one has none, or two the same."""
    found: dict[str, str] = {}
    for path in output.rglob("*.html"):
        soup = BeautifulSoup(path.read_bytes(), "lxml")
        metas = {meta["name"]: meta["content"] for meta in soup.find_all("meta", attrs={"name": True})}
        if soup.find("meta", attrs={"http-equiv": "refresh"}):
            assert "touchpoint:id" not in metas
            continue
        assert metas["touchpoint:id"] not in found, path
        assert sum("journey.v1.js" in script["src"] for script in soup.find_all("script", src=True)) == 1
        found[metas["touchpoint:id"]] = metas["touchpoint:kind"]
    return found


@pytest.mark.parametrize("theme", ["", "THEME = 'simple'"], ids=["ours", "simple"])
@pytest.mark.parametrize("url", ["https://x.example", "https://x.example/below/it"])
def test_every_page_is_tagged_and_listed_with_any_theme(new_site: NewSite, theme: str, url: str) -> None:
    site = new_site(FILES, conf=f"DEFAULT_PAGINATION = 3\n{theme}")
    built = site.pelican(SITEURL=url, STATIC_PATHS=["images"])
    assert built.returncode == 0, built.stdout + built.stderr
    assert tagged(site.output) == EXPECTED

    listed = {entry["id"]: entry for entry in site.json("touchpoints.json")["touchpoints"]}
    assert {id: entry["kind"] for id, entry in listed.items()} == EXPECTED
    assert listed["blog/post-1"] == {
        "id": "blog/post-1", "url": f"{url}/post-1/", "title": "Post 1", "surface": "blog", "kind": "article",
        "topics": ["strategy", "funnels", "journeys"], "authors": ["Ada Sample"],
        "published": "2026-01-01T09:00:00+01:00", "updated": None,
        "objective": "signups", "strategy": "useful", "function": "marketing", "tactic": "essays",
    }  # fmt: skip
    assert listed["docs/start"]["url"] == f"{url}/docs/start/"
    assert listed["site/images/old"]["title"] == "Old"
    assert (site.output / "journey.v1.js").read_text().startswith("// Milepost's journey script, v1")


def test_a_plan_that_is_nobodys_business_is_in_no_page_and_not_in_the_manifest(new_site: NewSite) -> None:
    site = new_site(FILES, conf="TOUCHPOINT_PLAN_PUBLIC = False")
    assert site.pelican().returncode == 0
    public = [path for path in site.output.rglob("*") if path.suffix in (".html", ".json")]
    assert len(public) > 20
    assert [path for path in public if b"essays" in path.read_bytes()] == []


def test_two_builds_are_the_same_to_the_byte(new_site: NewSite) -> None:
    site = new_site(FILES)
    assert site.pelican().returncode == 0
    first = {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()}
    assert site.pelican().returncode == 0
    assert {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()} == first


def test_an_id_given_twice_stops_the_build_and_names_both_files(new_site: NewSite) -> None:
    same = article("Other", 2).replace("Summary:", "Touchpoint: blog/first-post\nSummary:")
    site = new_site({"content/articles/a.md": article("First post"), "content/articles/b.md": same})
    built = site.pelican()
    assert built.returncode == 1
    said = " ".join((built.stdout + built.stderr).split())
    assert 'touchpoint "blog/first-post" is that of content/articles/' in said
    assert "content/articles/a.md" in said
    assert "content/articles/b.md" in said
    assert list(site.output.rglob("*.html")) == []
