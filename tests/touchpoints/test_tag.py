"""Tagging a page, whoever made it."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from milepost.touchpoints.model import Placement, Touchpoint, id_of
from milepost.touchpoints.tag import is_redirect, tag, title_of

HERE = Touchpoint("blog/a", "blog", "article", ("strategy", "docs"), Placement("signups", "useful", None, "essays"))
SCRIPT = "https://x.example/journey.v1.js"
PAGE = "<!doctype html><html><head><title>A</title></head><body><p>Hello</p></body></html>"
TAGGED = """\
<!doctype html><html><head><title>A</title><meta name="touchpoint:id" content="blog/a">
<meta name="touchpoint:surface" content="blog">
<meta name="touchpoint:kind" content="article">
<meta name="touchpoint:topics" content="strategy,docs">
<meta name="touchpoint:objective" content="signups">
<meta name="touchpoint:strategy" content="useful">
<meta name="touchpoint:tactic" content="essays">
<script src="https://x.example/journey.v1.js" defer></script>
</head><body><p>Hello</p></body></html>"""


def test_a_page_gets_its_metas_and_the_one_script() -> None:
    assert tag(PAGE, HERE, SCRIPT) == TAGGED


def test_tagging_again_changes_nothing() -> None:
    assert tag(TAGGED, HERE, SCRIPT) == TAGGED


def test_tags_of_an_earlier_time_are_replaced() -> None:
    moved = tag(TAGGED, Touchpoint("docs/b", "docs", "doc"), "https://y.example/journey.v1.js")
    soup = BeautifulSoup(moved, "lxml")
    metas = {meta["name"]: meta["content"] for meta in soup.find_all("meta")}
    assert metas == {"touchpoint:id": "docs/b", "touchpoint:surface": "docs", "touchpoint:kind": "doc"}
    assert [script["src"] for script in soup.find_all("script")] == ["https://y.example/journey.v1.js"]


def test_the_signup_form_learns_where_it_stands() -> None:
    page = PAGE.replace("Hello", '<input type="hidden" name="touchpoint" value="">')
    assert '<input type="hidden" name="touchpoint" value="blog/a">' in tag(page, HERE, SCRIPT)


@pytest.mark.parametrize(
    "before",
    [
        "<script>const end = '</head>';</script>",
        "<!-- </head> -->",
        "<title>How to close a </head></title>",
    ],
)
def test_only_the_real_end_of_the_head_counts(before: str) -> None:
    page = PAGE.replace("<title>A</title>", before)
    assert tag(page, HERE, SCRIPT) == TAGGED.replace("<title>A</title>", before)


def test_a_page_without_a_head_changes_nowhere_else() -> None:
    page = "<!DOCTYPE html>\n<title>T</title>\n<link rel=next href=b>\n<p class=a>Text & more<br>"
    tagged = tag(page, HERE, SCRIPT)
    start, end = tagged.index("<meta"), tagged.index("</script>\n") + len("</script>\n")
    assert tagged[:start] + tagged[end:] == page
    assert tagged[end:].startswith("<p class=a>")


@pytest.mark.parametrize(
    "page",
    [
        "<p>Only a paragraph",
        "<html><body><p>No head</body></html>",
        "<!DOCTYPE html><title>Title, and no head's end</title><p>Text",
        "",
    ],
)
def test_markup_without_a_head_gets_one_and_keeps_its_text(page: str) -> None:
    soup = BeautifulSoup(tag(page, HERE, SCRIPT), "lxml")
    assert soup.head.find("meta", attrs={"name": "touchpoint:id"})["content"] == "blog/a"
    assert soup.get_text(strip=True) == BeautifulSoup(page, "lxml").get_text(strip=True)


@given(st.text(max_size=30), st.text(max_size=30))
def test_nothing_that_a_touchpoint_says_becomes_markup(surface: str, topic: str) -> None:
    found = tag(PAGE, Touchpoint("blog/a", surface, "article", (topic,)), SCRIPT)
    soup = BeautifulSoup(found, "html.parser")
    assert len(soup.find_all("script")) == 1
    assert len(soup.find_all("meta")) == 4


@given(st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_an_id_is_always_one(parts: list[str]) -> None:
    made = id_of("blog", *parts)
    assert len(made) <= 120
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789._/-")


def test_two_words_stay_two_and_a_long_id_stays_one_of_its_own() -> None:
    assert id_of("blog", "über") != id_of("blog", "öber")
    long = [id_of("blog", "x" * 150 + end) for end in "ab"]
    assert long[0] != long[1]
    assert {len(made) for made in long} == {120}


def test_redirects_and_titles_are_read_as_browsers_do() -> None:
    assert is_redirect('<META content="0; url=/x" HTTP-EQUIV=refresh>')
    assert not is_redirect(PAGE)
    assert title_of("<title>\n Fish &amp; <b>chips</title>") == "Fish & <b>chips"
