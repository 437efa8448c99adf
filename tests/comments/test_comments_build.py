"""Builds with everything of ours: fetching at build, what a fault costs, what stands on the page and beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from disqus_standin import FORUM, KEY, StandIn, post, thread
from talking import FILES, KEPT, environ, talkative

from sites import Site, article

URL = "http://127.0.0.1:8000"
ATOM = "{http://www.w3.org/2005/Atom}"
TOLD = "COMMENTS_FETCH_AT_BUILD = True"


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site(FILES)


def build(site: Site, standin: StandIn, *flags: str, **more: str) -> tuple[int, list[str]]:
    """(exit status, the lines that speak of comments)."""
    (site.root / "content").mkdir(exist_ok=True)
    done = site.run(
        "pelican", "content", "-s", site.settings_file.name, "-o", "output", "--log-handler", "plain", *flags,
        env=environ(standin, **more),
    )  # fmt: skip
    said = [line for line in (done.stdout + done.stderr).splitlines() if "comments" in line]
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, said


def shown(site: Site, place: str = "first-post/index.html") -> list[str]:
    return [str(found["id"]) for found in site.soup(place).select("article.comment")]


def fetched(site: Site, standin: StandIn) -> None:
    done = site.milepost("comments", "fetch", env=environ(standin))
    assert done.returncode == 0, done.stderr


def test_a_build_that_is_told_to_fetches_first(site: Site, standin: StandIn) -> None:
    talkative(standin)
    assert build(site, standin) == (0, [])
    assert (shown(site), standin.asked, (site.root / KEPT).exists()) == ([], [], False)
    site.conf = TOLD
    assert build(site, standin)[0] == 0
    assert shown(site) == ["comment-11", "comment-12", "comment-10", "comment-13"]
    before = (site.root / KEPT).read_bytes()
    assert build(site, standin)[0] == 0
    assert (site.root / KEPT).read_bytes() == before


def test_a_preview_shows_what_is_there_and_asks_nobody(site: Site, standin: StandIn) -> None:
    talkative(standin)
    site.conf = f"{TOLD}\nMILEPOST_PREVIEW = True"
    assert build(site, standin)[0] == 0
    assert standin.asked == []


FAULTS = {
    "nobody there": ({}, {"DISQUS_API_BASE": "https://localhost:1/api/3.0"}, "localhost: cannot be reached ("),
    "no key": ({}, {"DISQUS_PUBLIC_KEY": ""}, "no key for Disqus; set DISQUS_PUBLIC_KEY"),
    "a wrong key": ({}, {"DISQUS_PUBLIC_KEY": "wrong"}, "Disqus: Invalid API key; set DISQUS_PUBLIC_KEY"),
    "a plain address": ({}, {"DISQUS_API_BASE": "http://disqus.com/api/3.0"}, "DISQUS_API_BASE is 'http://disqus.com"),
    "a limit": ({"remaining": 1, "reset": 4e9}, {}, "localhost: its limit of requests is reached; try again in "),
    "HTML": ({"faults": ["html"] * 3}, {}, "localhost: answered 502; tried 3 times"),
    "a page of a network": ({"faults": ["", *["page"] * 3]}, {}, "localhost: answered with something that is no JSON"),
    "cut JSON": ({"faults": ["", *["truncated"] * 3]}, {}, "localhost: answered with something that is no JSON"),
    "a time-out": ({"faults": ["slow"] * 3, "slow_seconds": 5.5}, {}, "localhost: did not answer in time; tried 3"),
    "nonsense": ({"faults": ["", "strange"]}, {}, "Disqus sent what cannot be understood: no 'thread'"),
    "a forum that is empty": ({"threads": [], "posts": []}, {}, "Disqus lists 0 of the 24 comments in"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_fetching_is_one_line_and_costs_nothing(site: Site, standin: StandIn, name: str) -> None:
    wrong, env, line = FAULTS[name]
    talkative(standin)
    standin.posts += [post(number, 1, "<p>More</p>") for number in range(101, 121)]
    standin.threads[0]["posts"] += 20
    fetched(site, standin)
    before = (site.root / KEPT).read_bytes()
    standin.posts.append(post(14, 1, "<p>New</p>"))
    for field, value in wrong.items():
        setattr(standin, field, value)
    site.conf = TOLD
    # Even where warnings are fatal, since whoever publishes can do nothing about Disqus.
    status, said = build(site, standin, "--fatal", "warnings", **env)
    assert status == 0
    first, *rest = said
    assert "comments are those of the last fetch: " + line in first
    assert [text for text in rest if "belong to no article" not in text] == []
    assert (site.root / KEPT).read_bytes() == before
    assert shown(site)[:4] == ["comment-11", "comment-12", "comment-10", "comment-13"]
    assert KEY not in first and "wrong" not in first.replace("wrongly", "")
    assert not any(KEY in file.read_text(errors="replace") for file in site.root.rglob("*.*") if file.is_file())


def test_a_snapshot_of_another_forum_is_not_written_over(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)
    before = (site.root / KEPT).read_text()
    (site.root / KEPT).write_text(before.replace(FORUM, "another"))
    refused = site.milepost("comments", "fetch", env=environ(standin))
    assert (refused.returncode, refused.stderr) == (
        1, f"{KEPT}: has the comments of 'another', and COMMENTS_FORUM is '{FORUM}';"
        " move the file away, or name another one in COMMENTS_SNAPSHOT\n",
    )  # fmt: skip
    assert (site.root / KEPT).read_text() == before.replace(FORUM, "another")


def test_one_snapshot_makes_one_site(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)

    def built() -> dict[str, bytes]:
        assert build(site, standin, "-d")[0] == 0
        files = sorted(site.output.rglob("*"))
        return {str(path.relative_to(site.output)): path.read_bytes() for path in files if path.is_file()}

    first = built()
    assert built() == first
    standin.posts[0]["message"] = "<p>Edited</p>"
    fetched(site, standin)
    changed = {name for name, content in built().items() if content != first[name]}
    assert changed == {"first-post/index.html", "comments/first-post.atom.xml"}


def test_an_article_keeps_its_thread_when_its_address_changes(site: Site, standin: StandIn) -> None:
    """Once by the touchpoint that was set before, once by the old address alone."""
    standin.threads = [
        thread(1, identifiers=("blog/first-post",), link=f"{URL}/first-post/", posts=1),
        thread(2, identifiers=("an id of another system",), link="https://old.example/second-post/?p=7", posts=1),
    ]
    standin.posts = [post(1, 1, "<p>One</p>"), post(2, 2, "<p>Two</p>")]
    fetched(site, standin)
    assert build(site, standin) == (0, [])
    assert (shown(site), shown(site, "second-post/index.html")) == (["comment-1"], ["comment-2"])
    first = article("First post").replace("Tags:", "Slug: renamed\nTouchpoint: blog/first-post\nTags:")
    second = article("Second post", 2).replace("Tags:", "Slug: moved\nRedirect_from: /second-post/\nTags:")
    site.write({"content/articles/first.md": first, "content/articles/second.md": second})
    assert build(site, standin, "-d") == (0, [])
    assert (shown(site, "renamed/index.html"), shown(site, "moved/index.html")) == (["comment-1"], ["comment-2"])
    join = site.soup("renamed/index.html").select_one("[data-discussion]")
    assert join and (join["data-identifier"], join["data-url"]) == ("blog/first-post", f"{URL}/renamed/")


def test_a_thread_below_a_prefix_is_matched_by_its_link(site: Site, standin: StandIn) -> None:
    standin.threads = [thread(1, link="https://x.example/blog/first-post/", posts=1)]
    standin.posts = [post(1, 1, "<p>One</p>")]
    fetched(site, standin)
    site.conf = 'SITEURL = "https://x.example/blog"'
    assert build(site, standin) == (0, [])
    assert shown(site) == ["comment-1"]


def test_what_belongs_to_no_article_is_one_line_of_a_build(site: Site, standin: StandIn) -> None:
    talkative(standin)
    fetched(site, standin)
    status, [line] = build(site, standin, "--fatal", "warnings")
    assert status == 0
    assert line.endswith("1 of 2 threads of comments belong to no article; `milepost comments status` lists them")


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
    site.conf = f'COMMENTS_FORUM = ""\n{TOLD}'
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
    assert ("comments.v1.js" in str(page)) == joins


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
