"""What readers see of a thread: the tree, the cleaned messages, and which article it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from milepost.comments import tree
from milepost.comments.messages import cleaned
from milepost.comments.model import Post, Thread
from milepost.comments.tree import Comment, Page, comments_of, matched, unmatched

START = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def post(number: int, parent: int | None = None, *, deleted: bool = False) -> Post:
    return Post(
        id=str(number),
        parent=None if parent is None else str(parent),
        author="" if deleted else "Rita",
        at=START + timedelta(minutes=number),
        message="" if deleted else f"<p>{number}</p>",
        deleted=deleted,
    )


def thread(*posts: Post, number: int = 1, **more: Any) -> Thread:
    values = {"identifiers": (), "link": "", "title": "", "closed": False} | more
    return Thread(id=str(number), posts=posts, **values)


def shape(comments: Iterable[Comment]) -> list[Any]:
    """Ids as nested lists; a deleted one in brackets of text."""
    return [[f"({it.id})" if it.deleted else it.id, *shape(it.children)] for it in comments]


def test_replies_stand_below_what_they_reply_to_oldest_first() -> None:
    found = comments_of(thread(post(1), post(2), post(3, 1), post(4, 3), post(5, 1)), BERLIN)
    assert (found.count, shape(found.posts)) == (5, [["1", ["3", ["4"]], ["5"]], ["2"]])


def test_a_comment_has_its_author_words_and_the_time_where_the_site_is() -> None:
    (found,) = comments_of(thread(post(1)), BERLIN).posts
    assert found == Comment("1", "Rita", START + timedelta(minutes=1), cleaned("<p>1</p>"), False, [])
    assert found.at.isoformat() == "2026-07-01T12:01:00+02:00"


def test_a_deleted_parent_is_a_placeholder_and_a_deleted_leaf_is_gone() -> None:
    found = comments_of(
        thread(post(1, deleted=True), post(2, 1), post(3, deleted=True), post(4, 2, deleted=True)), BERLIN
    )
    assert (found.count, shape(found.posts)) == (1, [["(1)", ["2"]]])


def test_a_parent_that_disqus_no_longer_gives_is_a_placeholder_as_old_as_its_first_reply() -> None:
    found = comments_of(thread(post(5), post(6, 2), post(7), post(8, 2)), BERLIN)
    assert (found.count, shape(found.posts)) == (4, [["5"], ["(2)", ["6"], ["8"]], ["7"]])


def test_very_deep_replies_stand_beside_each_other() -> None:
    found = comments_of(thread(*(post(number, number - 1 or None) for number in range(1, 3001))), BERLIN)
    expected: list[Any] = [[str(number)] for number in range(8, 3001)]
    for number in range(7, 0, -1):
        expected = [[str(number), *expected]]
    assert (found.count, shape(found.posts)) == (3000, expected)


def test_posts_that_reply_to_each_other_in_a_circle_are_still_shown() -> None:
    found = comments_of(thread(post(1, 3), post(2, 1), post(3, 2), post(4, 4)), BERLIN)
    assert (found.count, shape(found.posts)) == (4, [["1", ["2", ["3"]]], ["4"]])


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("<p>Fine, <em>really</em><br>so</p>", "<p>Fine, <em>really</em><br>so</p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<svg/onload=alert(1)>", ""),
        ("<iframe src=https://x.example></iframe>", ""),
        ("<p style='position:fixed' class=big id=main onclick=x()>a</p>", "<p>a</p>"),
        ("</article></main><h1>Mine</h1>", "Mine"),
        ("<p><b>open", "<p><b>open</b></p>"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        (
            '<a href="https://x.example/?a=1&amp;b=2" rel="me" target=_blank>x</a>',
            '<a href="https://x.example/?a=1&amp;b=2" rel="ugc nofollow noopener">x</a>',
        ),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="ugc nofollow noopener">x</a>'),
        ('<a href="mailto:a@b.example">x</a>', '<a rel="ugc nofollow noopener">x</a>'),
        ('<a href="/admin">x</a>', '<a rel="ugc nofollow noopener">x</a>'),
        (
            '<a href="https://disq.us/url?url=https%3A%2F%2Fx.example%2Fa%3Fb%3D1%3Ay0_-K3&amp;cuid=7">x</a>',
            '<a href="https://x.example/a?b=1" rel="ugc nofollow noopener">x</a>',
        ),
        (
            '<a href="https://disq.us/url?url=javascript%3Aalert(1)%3Ay0">x</a>',
            '<a rel="ugc nofollow noopener">x</a>',
        ),
    ],
)
def test_messages_keep_few_tags_and_no_harm(message: str, shown: str) -> None:
    assert cleaned(message) == shown


BLOG_A = Page("blog/a", ("/a/",))


def test_a_thread_is_matched_by_identifier_even_when_its_link_is_old() -> None:
    moved = thread(number=1, identifiers=("blog/a",), link="https://x.example/old-a/")
    assert matched([moved], {"a": BLOG_A, "b": Page("blog/b", ("/old-a/",))}) == {"a": moved}


@pytest.mark.parametrize(
    "link", ["https://x.example/a/", "http://www.x.example/a/index.html?utm_source=y#comments", "https://x.example/a"]
)
def test_a_thread_without_our_identifier_is_matched_by_link(link: str) -> None:
    linked = thread(number=1, identifiers=("17 https://x.example/?p=17",), link=link)
    assert matched([linked], {"a": BLOG_A, "none": Page(None, ("/b/",))}) == {"a": linked}


def test_a_thread_of_an_old_address_comes_last() -> None:
    now, once = thread(number=1, link="https://x.example/a/"), thread(post(1), number=2, link="https://x.example/old/")
    page = Page("blog/a", ("/a/",), ("/old/", "/older"))
    assert matched([once], {"a": page}) == {"a": once}
    assert matched([now, once], {"a": page}) == {"a": now}
    assert matched([once], {"a": page, "b": Page("blog/b", ("/old/",))}) == {"b": once}


def test_what_can_be_read_and_belongs_nowhere_is_told() -> None:
    shown, lost = thread(post(1), number=1, identifiers=("blog/a",)), thread(post(2), number=2, link="https://x/gone/")
    found = matched([shown, lost, thread(number=3)], {"a": BLOG_A})
    assert unmatched([shown, lost, thread(number=3), thread(post(4, deleted=True), number=4)], found.values()) == [lost]


def test_the_home_page_and_a_thread_without_link_match_no_article() -> None:
    assert matched([thread(number=1), thread(number=2, link="https://x.example/")], {"a": BLOG_A}) == {}


def test_of_two_threads_for_one_article_the_fuller_one_is_shown() -> None:
    empty, full = thread(number=1, identifiers=("blog/a",)), thread(post(1), number=2, identifiers=("blog/a",))
    assert matched([full, empty], {"a": BLOG_A}) == matched([empty, full], {"a": BLOG_A}) == {"a": full}


def test_an_address_that_is_none_has_no_path() -> None:
    assert tree.page_path("http://[broken/a") == ""
