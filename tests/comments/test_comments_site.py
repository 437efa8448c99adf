"""The whole way: from the stand-in, by the command, into the article of a real Pelican build."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from disqus_standin import KEY, StandIn, post, thread
from talking import environ

from sites import Site, article

ARTICLE_HTML = """\
{% extends "!simple/article.html" %}
{% block content %}{{ super() }}
{% with thread = article.comments %}{% if thread %}{% include "comments/thread.html" %}{% endif %}{% endwith %}
{% endblock %}
"""
# Only this slice, and a theme that knows nothing of it but for one template that includes the fragment.
CONF = """
PLUGINS = ["milepost.comments"]
THEME = "simple"
THEME_TEMPLATES_OVERRIDES = ["overrides"]
"""
HOSTILE = '<p>Ha</p><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">l</a>'


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    files = {
        "content/articles/first.md": article("First post"),
        "content/articles/second.md": article("Second post", 2).replace("Summary:", "Comments: Closed\nSummary:"),
        "overrides/article.html": ARTICLE_HTML,
    }
    return new_site(files, CONF)


def talkative(standin: StandIn) -> None:
    standin.threads = [
        thread(1, link="https://milepost.example/first-post/", posts=3),
        thread(2, link="https://milepost.example/second-post/", posts=1),
        thread(3, link="https://milepost.example/gone/"),
    ]
    standin.posts = [
        post(11, 1, "<p>Is it <em>true</em>?</p>"),
        post(12, 1, HOSTILE, parent=11, author={"name": "<b>Mallory</b>"}),
        post(13, 1, "<p>To nobody</p>", parent=10),
        post(21, 2, "<p>Late</p>"),
    ]


def texts(site: Site, path: str) -> list[Any]:
    """(id, author, time, permalink, words) of each comment on a page, or its id and its notice."""
    found: list[Any] = []
    for it in site.soup(path).select("article.comment"):
        if header := it.select_one(".comment-header"):
            link, body = header.select_one("a"), it.select_one(".comment-body")
            assert link and body and link.time
            author = header.strong.text if header.strong else ""
            found.append((it["id"], author, link.time["datetime"], link["href"], body.decode_contents()))
        else:
            found.append((it["id"], it.get_text(strip=True)))
    return found


def scripts(site: Site, path: str) -> int:
    return len(site.soup(path).find_all("script"))


def test_a_thread_is_fetched_by_the_command_and_rendered_into_its_article(site: Site, standin: StandIn) -> None:
    built = site.pelican()
    assert built.returncode == 0, built.stderr
    before = scripts(site, "first-post/index.html")
    assert "No comments yet." in site.soup("first-post/index.html").text
    assert "comment" not in site.soup("second-post/index.html").text.lower()

    talkative(standin)
    done = site.milepost("comments", "fetch", env=environ(standin))
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 threads, 4 posts in content/comments.json\n", "")
    built = site.pelican()
    assert built.returncode == 0, built.stderr

    at = "2026-01-02T10:00:"
    assert texts(site, "first-post/index.html") == [
        ("comment-11", "Rita Reader", f"{at}11+01:00", "#comment-11", "<p>Is it <em>true</em>?</p>"),
        (
            "comment-12", "<b>Mallory</b>", f"{at}12+01:00", "#comment-12",
            '<p>Ha</p><a rel="ugc nofollow noopener">l</a>',
        ),
        ("comment-10", "This comment was deleted."),
        ("comment-13", "Rita Reader", f"{at}13+01:00", "#comment-13", "<p>To nobody</p>"),
    ]  # fmt: skip
    page = site.soup("first-post/index.html")
    assert page.select_one("#comment-11 + ol > li > #comment-12")
    assert page.select_one("#comment-10 + ol > li > #comment-13")
    assert page.select_one("#comments-title").text == "3 comments"
    assert scripts(site, "first-post/index.html") == before
    assert not page.select(".comments img")

    closed = site.soup("second-post/index.html").select_one("#comments")
    assert "1 comment" in closed.text and "Comments are closed." in closed.text


def test_our_own_theme_shows_them_too(site: Site, standin: StandIn) -> None:
    talkative(standin)
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    site.conf = 'PLUGINS = ["milepost.comments"]'
    built = site.pelican()
    assert built.returncode == 0, built.stderr
    ids = [found[0] for found in texts(site, "first-post/index.html")]
    assert ids == ["comment-11", "comment-12", "comment-10", "comment-13"]
    inside = site.soup("first-post/index.html").select_one("#comments")
    assert inside and not inside.select("img, script, [style]")


def test_without_a_forum_there_is_no_section(site: Site, standin: StandIn) -> None:
    talkative(standin)
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    site.conf += '\nCOMMENTS_FORUM = ""'
    built = site.pelican()
    assert built.returncode == 0, built.stderr
    assert not site.soup("first-post/index.html").select("#comments")
    assert not site.soup("second-post/index.html").select("#comments")


def test_a_broken_snapshot_is_one_warning_and_the_build_goes_on(site: Site) -> None:
    site.write({"content/comments.json": '{"version": 1, "forum": '})
    built = site.pelican()
    assert built.returncode == 0, built.stderr
    said = [line for line in (built.stdout + built.stderr).splitlines() if "comments" in line]
    assert len(said) == 1
    assert "content/comments.json: not a snapshot of comments: Invalid JSON" in said[0]
    assert "No comments yet." in site.soup("first-post/index.html").text


@pytest.mark.parametrize("fault", ["key", "page of posts"])
def test_a_fault_during_fetch_leaves_the_old_snapshot_whole(site: Site, standin: StandIn, fault: str) -> None:
    talkative(standin)
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    before = (site.root / "content/comments.json").read_bytes()
    standin.posts.append(post(14, 1, "<p>New</p>"))
    if fault == "key":
        env = environ(standin, DISQUS_PUBLIC_KEY="wrongKey")
        line = "Disqus: Invalid API key; set DISQUS_PUBLIC_KEY to the public key of your Disqus application\n"
    else:
        env = environ(standin)
        standin.faults = ["", "strange"]
        line = "Disqus sent what cannot be understood: no 'thread'; nothing was changed\n"
    failed = site.milepost("comments", "fetch", "-v", env=env)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.endswith(line)
    assert "wrongKey" not in failed.stderr and KEY not in failed.stderr
    assert (site.root / "content/comments.json").read_bytes() == before
    assert sorted(path.name for path in (site.root / "content").iterdir()) == ["articles", "comments.json"]


@pytest.mark.parametrize(
    ("conf", "env", "line"),
    [
        (
            'COMMENTS_FORUM = ""',
            {},
            "comments are off; set COMMENTS_FORUM to the forum's short name on Disqus in pelicanconf.py",
        ),
        (
            "",
            {"DISQUS_PUBLIC_KEY": ""},
            "no key for Disqus; set DISQUS_PUBLIC_KEY to the public key of your Disqus application in the environment",
        ),
        (
            "",
            {"DISQUS_API_BASE": "http://disqus.com/api/3.0"},
            "DISQUS_API_BASE is 'http://disqus.com/api/3.0'; say https://…, as in https://disqus.com/api/3.0",
        ),
    ],
)
def test_what_is_not_set_is_named_and_is_misuse(
    site: Site, standin: StandIn, conf: str, env: dict[str, str], line: str
) -> None:
    site.conf += f"\n{conf}"
    refused = site.milepost("comments", "fetch", env=environ(standin, **env))
    assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", f"{line}\n")
    assert standin.asked == []


def test_a_snapshot_elsewhere_is_relative_to_the_settings_file(site: Site, standin: StandIn) -> None:
    talkative(standin)
    site.conf += '\nCOMMENTS_SNAPSHOT = "kept/said.json"'
    done = site.milepost("comments", "fetch", env=environ(standin))
    assert done.stdout == "3 threads, 4 posts in kept/said.json\n"
    assert Path(site.root / "kept/said.json").is_file()


TAGGER = """
from types import SimpleNamespace
from pelican import signals

def tag(generators):
    for article in generators[0].articles:
        article.touchpoint = SimpleNamespace(id=f"blog/{article.slug}")

def register():
    signals.all_generators_finalized.connect(tag)
"""


@pytest.mark.parametrize("order", ["tagger first", "comments first"])
def test_a_thread_stays_with_its_touchpoint_when_the_address_changed(site: Site, standin: StandIn, order: str) -> None:
    standin.threads = [thread(1, link="https://milepost.example/its-old-name/", identifiers=("blog/first-post",))]
    standin.posts = [post(1, 1, "<p>Still here</p>")]
    plugins = ["tagger", "milepost.comments"] if order == "tagger first" else ["milepost.comments", "tagger"]
    site.write({"tagging/tagger.py": TAGGER})
    site.conf += f'\nPLUGINS = {plugins}\nPLUGIN_PATHS = ["tagging"]'
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    built = site.pelican()
    assert built.returncode == 0, built.stderr
    assert [found[4] for found in texts(site, "first-post/index.html")] == ["<p>Still here</p>"]


def test_a_terminal_sees_how_far_it_is(site: Site, standin: StandIn) -> None:
    standin.threads = [thread(1, link="https://milepost.example/first-post/", posts=250)]
    standin.posts = [post(number, 1, "<p>Hello</p>") for number in range(1, 251)]
    ours, theirs = os.openpty()
    command = [str(Path(sys.executable).with_name("milepost")), "comments", "fetch", "-s", str(site.settings_file)]
    env = {**os.environ, **environ(standin), "TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.run(
        command, cwd=site.root, env=env, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60
    )
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # the other end is closed: all was read
        while part := os.read(ours, 65536):
            seen += part
    os.close(ours)
    assert (b"threads" in seen, b"250/250" in seen) == (True, True)
    assert done.stdout == b"1 thread, 250 posts in content/comments.json\n"
