"""The newsletter in built pages: the form and the shell, in the project's theme and in one that knows nothing of us."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from milepost.newsletter.model import SHELL, WORDING, Topic
from milepost.newsletter.shell import shell_of, topics_of
from sites import Site, article

FILES: dict[str, str | bytes] = {
    "content/articles/first.md": article(),
    "content/articles/second.md": article("Second post", 2).replace("Category: Strategy", "Category: Tools & trades"),
    "content/docs/dated.md": "Title: Dated\nDate: 2026-01-03 09:00\nTags: news\n\nNew.\n",
    "content/docs/to-come.md": "Title: To come\nDate: 2999-01-03 09:00\n\nNew.\n",
    "content/docs/undated.md": "Title: Undated\n\nOld.\n",
    "content/authors/ada.md": "Name: Ada Sample\n\nWrites.\n",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Built once, in the project's theme."""
    built = Site(tmp_path_factory.mktemp("site")).write(FILES)
    done = built.pelican()
    assert done.returncode == 0, done.stdout + done.stderr
    return built


def test_every_page_has_one_form_that_needs_no_script(site: Site) -> None:
    pages = sorted(path.relative_to(site.output).as_posix() for path in site.output.rglob("*.html"))
    assert {"index.html", "first-post/index.html", SHELL} <= set(pages)
    for page in pages:
        forms = site.soup(page).select("form[action$='/newsletter/subscribe']")
        assert len(forms) == 1, page
        [form] = forms
        fields = {str(field["name"]): str(field.get("type")) for field in form.select("input")}
        assert fields == {"address": "email", "more": "text", "touchpoint": "hidden"}, page
        assert (form["method"], form["action"]) == ("post", "http://127.0.0.1:8000/newsletter/subscribe")
        assert not form.find_parent("main"), page


def test_the_form_carries_the_touchpoint_of_its_page(site: Site) -> None:
    found = {
        page: str(site.soup(page).select("input[name=touchpoint]")[0]["value"])
        for page in ("index.html", "first-post/index.html", SHELL)
    }
    assert found == {"index.html": "blog/index", "first-post/index.html": "blog/first-post", SHELL: "site/newsletter"}


def test_the_form_says_what_a_consent_keeps_and_every_field_has_its_label(site: Site) -> None:
    [form] = site.soup("index.html").select("form[action$='/newsletter/subscribe']")
    assert WORDING in form.get_text()
    for field in form.select("input:not([type=hidden])"):
        assert field.find_parent("label"), field


def test_what_robots_are_to_fill_in_is_hidden_from_people_in_any_theme(site: Site) -> None:
    [trap] = site.soup("index.html").select(".honeypot")
    [field] = trap.select("input")
    assert (trap.has_attr("hidden"), field["tabindex"], field["autocomplete"]) == (True, "-1", "off")


def test_the_shell_is_a_service_that_no_search_engine_lists(site: Site) -> None:
    page = site.soup(SHELL)
    metas = {str(meta["name"]): str(meta["content"]) for meta in page.select("meta[name]")}
    assert {name: metas[name] for name in ("robots", "touchpoint:id", "touchpoint:kind")} == {
        "robots": "noindex",
        "touchpoint:id": "site/newsletter",
        "touchpoint:kind": "service",
    }
    assert "shell.html" not in (site.output / "sitemap.xml").read_text()


def test_before_the_first_issue_the_list_of_them_says_so(site: Site) -> None:
    assert "No issue was sent yet." in site.soup("issues/index.html").get_text()
    assert not (site.output / "feeds/newsletter.atom.xml").exists()


def test_readers_choose_from_the_categories_and_docs_by_the_names_that_the_feed_tags_posts_with(site: Site) -> None:
    offered = topics_of(site.output)
    assert offered == (Topic("strategy", "Strategy"), Topic("tools-trades", "Tools & trades"), Topic("docs", "Docs"))
    items = json.loads((site.output / "feed.json").read_text())["items"]
    assert [(post["title"], post["tags"]) for post in items] == [
        ("Dated", ["Docs", "news"]),
        ("Second post", ["Tools & trades", "funnels", "journeys"]),
        ("First post", ["Strategy", "funnels", "journeys"]),
    ]


def filled(site: Site) -> BeautifulSoup:
    return BeautifulSoup(shell_of(site.output)(r"A <title> \1", r"<h1>Filled \1</h1><p>Text</p>"), "lxml")


def test_a_filled_shell_has_the_themes_page_around_it_and_one_heading(site: Site) -> None:
    page = filled(site)
    [main], [title] = page.select("main"), page.select("title")
    assert title.get_text() == r"A <title> \1 · Milepost"
    assert main.decode_contents().strip() == r"<h1>Filled \1</h1><p>Text</p>"
    assert len(page.select("h1")) == 1
    assert page.select("header") and page.select("footer")


def test_a_theme_that_knows_nothing_of_us_has_a_shell_too(new_site: Callable[..., Site]) -> None:
    site = new_site(FILES, conf="THEME = 'simple'")
    done = site.pelican(THEME="simple")
    assert done.returncode == 0, done.stdout + done.stderr
    page = filled(site)
    assert [heading.get_text() for heading in page.select("main h1")] == [r"Filled \1"]
    assert page.select("title")[0].get_text() == r"A <title> \1 · Milepost"


def test_a_build_needs_no_database_and_makes_none(site: Site) -> None:
    assert not list(Path(site.root).rglob("*.sqlite"))
