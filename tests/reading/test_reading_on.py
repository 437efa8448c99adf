"""The way on from an article: what is near it, and where readers went."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sites import Site, article

NewSite = Callable[..., Site]


def tagged(title: str, day: int, tags: str, category: str, body: str = "Text.") -> str:
    text = article(title, day, body).replace("Tags: funnels, journeys", f"Tags: {tags}")
    return text.replace("Category: Strategy", f"Category: {category}")


FILES: dict[str, str | bytes] = {
    "content/articles/a.md": tagged("A", 1, "one, two", "X", "See [the docs]({filename}../docs/start.md)."),
    "content/articles/b.md": tagged("B", 2, "one, two", "X"),
    "content/articles/c.md": tagged("C", 3, "one", "Y"),
    "content/articles/d.md": tagged("D", 4, "other", "X"),
    "content/articles/e.md": tagged("E", 5, "else", "Z", "As [A]({filename}/articles/a.md) said."),
    "content/articles/f.md": tagged("F", 6, "far", "V"),
    "content/docs/index.md": "Title: Docs\n\nBegin.\n",
    "content/docs/start.md": "Title: Start\n\nHow to start.\n",
}
ONWARD = {
    "version": 1,
    "from": {
        "blog/a": [{"to": "blog/f", "people": 2}, {"to": "blog/gone", "people": 9}, {"to": "docs/start", "people": 5}],
        "blog/e": [{"to": name, "people": 9 - number} for number, name in enumerate(("blog/f", "blog/d", "blog/c"))],
        "blog/b": [{"to": f"blog/{name}", "people": 9 - number} for number, name in enumerate("efdc")],
        "docs/start": [{"to": "blog/a", "people": 1}],
    },
}


def ways(site: Site, path: str) -> dict[str, list[str]]:
    sections = site.soup(f"{path}/index.html").select("section.onward")
    return {one.h2.get_text(): [link.get_text() for link in one.select("li a")] for one in sections}


def built(new_site: NewSite, files: dict[str, str | bytes]) -> Site:
    site = new_site(files)
    done = site.pelican()
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def test_an_article_leads_to_what_shares_topics_and_links_with_it(new_site: NewSite) -> None:
    site = built(new_site, FILES)
    near = "On the same subject"
    found = {name: ways(site, name) for name in ("a", "b", "c", "e", "f", "docs/start")}
    assert found == {
        "a": {near: ["B", "E", "Start"]},
        "b": {near: ["A", "C"]},
        "c": {near: ["B", "A"]},
        "e": {near: ["A"]},
        "f": {},
        "docs/start": {},
    }


def test_what_is_far_away_changes_no_article(new_site: NewSite) -> None:
    site = built(new_site, FILES)
    before = {name: ways(site, name) for name in "abcef"}
    site.write({f"content/articles/{n}.md": tagged(f"N{n}", 7, f"new{n}", "New") for n in range(9)})
    assert site.pelican().returncode == 0
    assert {name: ways(site, name) for name in "abcef"} == before


def test_readers_steps_are_shown_where_they_are_known(new_site: NewSite) -> None:
    site = built(new_site, {**FILES, "content/onward.json": json.dumps(ONWARD)})
    assert ways(site, "a") == {"Readers went on to": ["Start", "F"], "On the same subject": ["B", "E", "C"]}
    assert ways(site, "docs/start") == {"Readers went on to": ["A"]}
    # The fourth that readers opened comes before what is nearer, and was not opened.
    assert ways(site, "b") == {"Readers went on to": ["E", "F", "D"], "On the same subject": ["C", "A"]}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"version": 2, "from": {}}', '{"version": 1, "from": {"a": [{"to": 1}]}}']
)
def test_a_file_that_is_no_onward_json_stops_the_build(new_site: NewSite, text: str) -> None:
    done = new_site({**FILES, "content/onward.json": text}).pelican()
    assert done.returncode == 1
    assert "onward.json:1: cannot be read" in done.stderr
