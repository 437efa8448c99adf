"""What stands on pages and beside them where there are comments, and what is gone where comments are off."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from disqus_standin import StandIn
from talking import FILES, KEPT, build, fetched, shown, talkative

from sites import Site, article

URL = "http://127.0.0.1:8000"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site(FILES)


def test_machines_are_told_of_comments(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)
    assert build(site, standin)[0] == 0
    page = site.soup("first-post/index.html")
    told: Any = json.loads(page.select_one('script[type="application/ld+json"]').string or "")
    posting = next(thing for thing in told["@graph"] if thing["@type"] == "BlogPosting")
    at = f"{URL}/first-post/#comment-"

    def said(number: int, text: str, author: str, **more: Any) -> dict[str, Any]:
        who = {"@type": "Person", "name": author}
        when = f"2026-01-02T10:00:{number}+01:00"
        address = f"{at}{number}"
        comment = {"@type": "Comment", "@id": address, "url": address, "text": text, "dateCreated": when, "author": who}
        return comment | more

    reply = said(12, "It is, see this.", "Ben")
    assert (posting["commentCount"], posting["comment"]) == (
        3, [said(11, "Is it true?", "Rita Reader", comment=[reply]), said(13, "To nobody", "Rita Reader")],
    )  # fmt: skip
    quiet = json.loads(
        site.soup("second-post/index.html").select_one('script[type="application/ld+json"]').string or ""
    )
    assert "comment" not in json.dumps(quiet).lower()


def test_each_article_has_a_feed_of_its_comments(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)
    assert build(site, standin)[0] == 0
    link = site.soup("first-post/index.html").select_one('head link[rel="alternate"][title="Comments on First post"]')
    assert link and (link["type"], link["href"]) == ("application/atom+xml", f"{URL}/comments/first-post.atom.xml")
    feed = ElementTree.parse(site.output / "comments/first-post.atom.xml").getroot()

    def text(of: ElementTree.Element, name: str) -> str | None:
        return of.findtext(f"{ATOM}{name}")

    assert (text(feed, "title"), text(feed, "id"), text(feed, "updated")) == (
        "Comments on First post", "tag:127.0.0.1,2026-01-01:comments/blog/first-post", "2026-01-02T10:00:13+01:00",
    )  # fmt: skip
    assert [(it.get("rel"), it.get("href")) for it in feed.findall(f"{ATOM}link")] == [
        ("alternate", f"{URL}/first-post/"), ("self", f"{URL}/comments/first-post.atom.xml"),
    ]  # fmt: skip
    entries = feed.findall(f"{ATOM}entry")
    assert [(text(it, "id"), text(it, "title"), text(it, "content")) for it in entries] == [
        ("tag:127.0.0.1,2026-01-02:comment/13", "Rita Reader on First post", "<p>To nobody</p>"),
        (
            "tag:127.0.0.1,2026-01-02:comment/12", "Ben on First post",
            '<p>It is, see <a href="https://x.example/" rel="ugc nofollow noopener">this</a>.</p>',
        ),
        ("tag:127.0.0.1,2026-01-02:comment/11", "Rita Reader on First post", "<p>Is it <em>true</em>?</p>"),
    ]  # fmt: skip
    assert entries[0].find(f"{ATOM}link").get("href") == f"{URL}/first-post/#comment-13"  # type: ignore[union-attr]
    empty = ElementTree.parse(site.output / "comments/second-post.atom.xml").getroot()
    assert (text(empty, "updated"), empty.findall(f"{ATOM}entry")) == ("2026-01-02T09:00:00+01:00", [])


def test_listings_say_how_many(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)
    assert build(site, standin)[0] == 0
    links = site.soup("index.html").select('.card a[href$="#comments"]')
    assert [(link["href"], link.text) for link in links] == [(f"{URL}/first-post/#comments", "3 comments")]


POLICY = (
    "default-src 'none'; script-src 'self' https://milepost-example.disqus.com https://disqus.com"
    " https://*.disquscdn.com; style-src 'self' https://*.disquscdn.com; img-src 'self' data: https://*.disquscdn.com;"
    " font-src 'self'; connect-src 'self' https://disqus.com; frame-src https://disqus.com"
    " https://milepost-example.disqus.com; form-action 'self'; base-uri 'none'"
)


def test_only_the_page_of_the_discussion_names_disqus_in_its_policy(site: Site, standin: StandIn) -> None:
    assert build(site, standin) == (0, [])

    def policy(place: str) -> str:
        return str(site.soup(place).select_one('meta[http-equiv="Content-Security-Policy"]')["content"])

    assert policy("comments/discussion/index.html") == POLICY
    others = [path.relative_to(site.output).as_posix() for path in site.output.rglob("*.html")]
    others.remove("comments/discussion/index.html")
    assert all("disqus" not in policy(place) for place in others)
    assert [place for place in others if "frame-src 'self'" in policy(place)] == [
        place for place in others if place in ("first-post/index.html", "second-post/index.html")
    ]  # fmt: skip
    page = site.soup("comments/discussion/index.html")
    assert page.select_one('meta[name="touchpoint:kind"]')["content"] == "service"  # type: ignore[index]
    assert page.select_one('meta[name="robots"]')["content"] == "noindex"  # type: ignore[index]
    assert "discussion" not in (site.output / "sitemap.xml").read_text()


def test_off_is_one_line_and_leaves_no_trace(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)
    site.conf = 'COMMENTS_FORUM = ""\nCOMMENTS_FETCH_AT_BUILD = True'
    standin.asked.clear()
    assert build(site, standin) == (0, [])
    traces = [
        path.relative_to(site.output).as_posix()
        for path in site.output.rglob("*")
        if path.suffix in (".html", ".xml", ".json", ".js") and b"disqus" in path.read_bytes().lower()
    ]
    names = [path.name for path in site.output.rglob("*") if "comments" in path.name or "discussion" in path.name]
    html = (site.output / "first-post/index.html").read_text().lower()
    assert (traces, names, standin.asked, "comment" in html) == ([], [], [], False)


def aged(days: int, more: str = "") -> str:
    then = datetime.now() - timedelta(days=days)
    text = article("First post").replace("2026-01-01 09:00", f"{then:%Y-%m-%d %H:%M}")
    return text.replace("Tags:", f"{more}Tags:")


CLOSING = {
    "young": (aged(9), "", True),
    "old": (aged(11), "", False),
    "old, but kept open": (aged(11, "Comments: open\n"), "", True),
    "young, but closed": (aged(9, "Comments: Closed\n"), "", False),
    "old, and nothing is set": (aged(3000), "COMMENTS_CLOSE_AFTER_DAYS = 0", True),
}


@pytest.mark.parametrize("name", CLOSING)
def test_an_article_takes_comments_for_so_many_days(site: Site, standin: StandIn, name: str) -> None:
    text, conf, joins = CLOSING[name]
    talkative(standin)
    fetched(site, standin)
    site.write({"content/articles/first.md": text})
    site.conf = conf or "COMMENTS_CLOSE_AFTER_DAYS = 10"
    assert build(site, standin)[0] == 0
    page = site.soup("first-post/index.html")
    closed = "Comments are closed." in page.text
    assert (len(page.select("[data-discussion]")), closed) == ((1, False) if joins else (0, True))
    assert len(shown(site)) == 4


def test_a_forum_that_is_none_is_refused(site: Site, standin: StandIn) -> None:
    site.conf = "COMMENTS_FORUM = 'x.example/\"><script'"
    done = site.pelican()
    assert done.returncode == 1
    assert "COMMENTS_FORUM: String should match pattern" in done.stderr


def test_nothing_private_is_on_a_page_or_in_the_snapshot(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)
    assert build(site, standin)[0] == 0
    files = [Path(site.root / KEPT), *(path for path in site.output.rglob("*") if path.is_file())]
    for private in ("rita@reader.example", "67f79ed8e10b74abf07a8dfe101bbab2", "avatars", "rita.example", "by/reader"):
        assert [path.name for path in files if private.encode() in path.read_bytes()] == []
