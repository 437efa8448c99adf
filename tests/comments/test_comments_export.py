"""Comments taken elsewhere: what is exported, that it stays what it says, and whose files are left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup
from disqus_standin import FORUM, StandIn
from talking import FILES, KEPT, environ, talkative

from milepost.comments import export
from milepost.comments.model import Post, Thread
from sites import Site

BESIDE = "content/articles/first.comments.md"
LOST = "1 thread of no article: `--format json` has them"
EXPORTED = """\
# Comments on First post

## Rita Reader, 2026-01-02 09:00 UTC {: #comment-11 }

Is it *true*?

## Ben, 2026-01-02 09:00 UTC {: #comment-12 }

In reply to [Rita Reader](#comment-11).

It is, see [this](https://x.example/).

## Deleted {: #comment-10 }

## Rita Reader, 2026-01-02 09:00 UTC {: #comment-13 }

In reply to [a deleted comment](#comment-10).

To nobody
"""


@pytest.fixture
def site(new_site: Callable[..., Site], standin: StandIn) -> Site:
    """A site that was built with its comments."""
    made = new_site(FILES)
    talkative(standin)
    assert made.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    assert made.pelican().returncode == 0
    return made


def exported(site: Site, *arguments: str) -> tuple[int, list[str], list[str]]:
    done = site.milepost("comments", "export", *arguments)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def test_markdown_lies_beside_the_post_and_is_no_post(site: Site) -> None:
    assert exported(site, "--dry-run") == (0, [f"{BESIDE}: would be written, 3 comments", LOST], [])
    assert not (site.root / BESIDE).exists()
    before = {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()}
    assert exported(site) == (0, [f"{BESIDE}: 3 comments", LOST], [])
    head, _, text = (site.root / BESIDE).read_text().partition("\n")
    assert (head.startswith("<!-- Exported by `milepost comments export`"), text) == (True, EXPORTED)
    built = site.pelican(DELETE_OUTPUT_DIRECTORY=True)
    assert built.returncode == 0, built.stderr
    assert {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()} == before
    check = site.milepost("check")
    assert "comments.md" not in check.stdout + check.stderr


def test_an_export_is_renewed_and_what_a_person_wrote_is_left_alone(site: Site, standin: StandIn) -> None:
    assert exported(site)[0] == 0
    standin.posts[0]["message"] = "<p>Edited at Disqus</p>"
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    assert exported(site)[:2] == (0, [f"{BESIDE}: 3 comments", LOST])
    path = site.root / BESIDE
    assert "Edited at Disqus" in path.read_text()

    path.write_text(path.read_text().replace("Edited at Disqus", "Edited by hand"))
    by_hand = path.read_bytes()
    refused = (1, [LOST], [f"{BESIDE}: not ours or edited; move it away to export it again"])
    assert (exported(site, "--dry-run"), exported(site)) == (refused, refused)
    assert path.read_bytes() == by_hand
    path.write_bytes(b"\xff\xfe my own notes")
    assert exported(site) == refused
    assert path.read_bytes() == b"\xff\xfe my own notes"


def test_json_has_everything_and_names_what_belongs_nowhere(site: Site) -> None:
    done = site.milepost("comments", "export", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["version"], found["forum"]) == (1, FORUM)
    first, gone = found["threads"]
    assert first["page"] == {
        "source": "content/articles/first.md", "touchpoint": "blog/first-post", "url": "http://127.0.0.1:8000/first-post/",
    }  # fmt: skip
    assert (gone["page"], gone["link"]) == (None, "https://milepost.example/gone/")
    assert first["comments"][1] == {
        "id": "12", "parent": "11", "author": "Ben", "at": "2026-01-02T09:00:12+00:00", "deleted": False,
        "html": '<p>It is, see <a href="https://x.example/" rel="ugc nofollow noopener">this</a>.</p>',
    }  # fmt: skip
    assert not (site.root / BESIDE).exists()


def test_what_is_missing_is_named(new_site: Callable[..., Site], standin: StandIn) -> None:
    site = new_site(FILES)
    nothing = (1, [], ["there are no comments yet; run `milepost comments fetch`"])
    assert exported(site) == nothing
    talkative(standin)
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    unbuilt = (1, [], ["no build has told yet which post has which comments; run `milepost build`"])
    assert exported(site) == unbuilt
    assert sorted(path.name for path in (site.root / "content").rglob("*.md")) == [
        "ada-sample.md", "first.md", "privacy.md", "second.md",
    ]  # fmt: skip
    assert (site.root / KEPT).exists()


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("<p>1 &lt; 2 &amp;&amp; a &lt;script&gt;alert(1)&lt;/script&gt;</p>", "1 < 2 && a <script>alert(1)</script>"),
        ("<p>*no* _emphasis_ [none](http://x.example)</p>", "*no* _emphasis_ [none](http://x.example)"),
        ("<p>&amp;lt;b&amp;gt;</p>", "&lt;b&gt;"),
        ("<p><code>a &lt; `b`</code></p>", "a < `b`"),
        ("<p># one<br>1. two<br>- three<br>&gt; four</p>", "# one\n1. two\n- three\n> four"),
        ("<p>![x](http://x.example/pixel)</p>", "![x](http://x.example/pixel)"),
    ],
)
def test_words_that_look_like_markup_stay_words(message: str, text: str, tmp_path: Path) -> None:
    at = "2026-01-02T09:00:00Z"
    one = Post.model_validate(
        {"id": "1", "parent": None, "author": "<b>M</b> [x](y) #", "at": at, "message": message, "deleted": False}
    )
    thread = Thread(id="1", identifiers=(), link="", title="A *b* <i>", closed=False, posts=(one,))
    html = markdown.markdown(export.as_markdown(thread), extensions=["extra"])
    soup = BeautifulSoup(html, "html.parser")
    assert [it.name for it in soup.find_all(["script", "img", "a", "b", "em", "strong", "i"])] == []
    assert (soup.h1 and soup.h1.text, soup.p and soup.p.text) == ("Comments on A *b* <i>", text)
    assert soup.h2 and (soup.h2["id"], soup.h2.text) == ("comment-1", "<b>M</b> [x](y) #, 2026-01-02 09:00 UTC")
