"""Builds with everything of ours: fetching at build, what a fault costs, what stands on the page and beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from disqus_standin import FORUM, KEY, StandIn, post, thread
from talking import FILES, KEPT, build, environ, fetched, shown, talkative

from sites import Site, article

URL = "http://127.0.0.1:8000"
TOLD = "COMMENTS_FETCH_AT_BUILD = True"


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site(FILES)


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


# One of each kind is tried always: the network, the settings, the limit, what comes, what it means.
ALWAYS = ("nobody there", "a wrong key", "a limit", "cut JSON", "nonsense")


@pytest.mark.parametrize(
    "name", [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.long) for name in FAULTS]
)
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
