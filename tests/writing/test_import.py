"""`milepost import`: old posts of many makes become sources that build and pass the check, and nothing is overwritten.

What comes of `old_posts/` is beside it in `old_posts.golden/`; `GOLDEN=1 pytest tests/writing/test_import.py` writes it
anew; read the diff.
"""

# ruff: noqa: E501 - a case is a line

from __future__ import annotations

import http.server
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from milepost.settings import load
from milepost.sources import Sources, parse
from milepost.writing.findings import all_sources
from milepost.writing.importing import reading
from milepost.writing.importing.writing import Importer
from sites import ROOT, Site

New = Callable[..., Site]
OLD = Path(__file__).parent / "old_posts"
GOLDEN = Path(__file__).parent / "old_posts.golden"
PAGES = {
    "content/pages/about.md": "Title: About\n\nUs.\n",
    "content/pages/privacy.md": "Title: Privacy\n\n## Choices\n\nYours.\n",
}
SAID = """\
{old}/empty.html: has no article that can be found
content/articles/the-map-we-drew.md: written, from {old}/dnn.html
content/articles/first-map.md: written, from {old}/export.xml: The first map
  shortcode [gallery] was taken out
content/pages/imprint.md: written, from {old}/export.xml: Imprint
content/articles/not-yet.md: written, from {old}/export.xml: Not yet
  no date was found; it is a draft until it has one
  its old address is no page's: https://old.example/?p=9
content/articles/fish.md: written, from {old}/feed.atom: Fish & chips
content/articles/only.md: written, from {old}/feed.atom: Only a summary
  the feed has a summary only
content/articles/a-walk.md: written, from {old}/feed.rss: A walk
  video is a link now: https://rss.example/v.mp4
  its old address has a query, which no file can answer; let the server redirect /a-walk.php?id=4
content/articles/docs-are-a-shop-window.md: written, from {old}/ghost.html
content/articles/signposts.md: written, from {old}/microdata.html
content/articles/our-letter-to-readers.md: written, from {old}/tables-1999.html
  picture without words: {{static}}/images/our-letter-to-readers/shop.gif; it is decoration now
  link leads nowhere from here: order.html
  no date was found; it is a draft until it has one
content/articles/der-umweg.md: written, from {old}/wordpress-blocks.html
  iframe is a link now: https://www.youtube.com/watch?v=abcdefghijk
content/articles/silence-is-data.md: written, from {old}/wordpress-classic.html
  picture without words: {{static}}/images/silence-is-data/hill.png; its words are "The hill, at night" now
12 written, 1 not understood
"""


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, str, int]:
    """A site into which everything of `old_posts` was imported, what was said of it, and the exit status."""
    site = Site(tmp_path_factory.mktemp("imported"))
    site.settings_file  # noqa: B018  written when asked for
    (site.root / "content").mkdir()
    done = site.milepost("import", str(OLD))
    assert done.stderr == ""
    return site, done.stdout, done.returncode


def test_every_kind_of_old_post_becomes_this_source(imported: tuple[Site, str, int]) -> None:
    content = imported[0].root / "content"
    if os.environ.get("GOLDEN"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        shutil.copytree(content, GOLDEN)
    assert tree(content) == tree(GOLDEN)


def test_what_was_not_understood_is_told_and_is_exit_status_1(imported: tuple[Site, str, int]) -> None:
    _, said, status = imported
    # In the order of the files' names, each with what was lost of it.
    assert sorted(said.splitlines()) == sorted(SAID.format(old=OLD).splitlines())
    assert status == 1


def test_a_second_run_writes_nothing(imported: tuple[Site, str, int]) -> None:
    site = imported[0]
    before = tree(site.root / "content")
    done = site.milepost("import", str(OLD), "--format", "json")
    report = json.loads(done.stdout)
    assert {(row["state"], tuple(row["notes"])) for row in report} == {
        ("there", ()), ("failed", ("has no article that can be found",))
    }  # fmt: skip
    assert tree(site.root / "content") == before


def test_what_comes_out_builds_and_passes_the_check(imported: tuple[Site, str, int], tmp_path: Path) -> None:
    shutil.copytree(imported[0].root / "content", tmp_path / "content")
    site = Site(tmp_path).write(PAGES)
    assert site.pelican().returncode == 0
    checked = site.milepost("check")
    errors = [
        line for line in checked.stdout.splitlines() if ": warning: " not in line and not line.startswith("draft ")
    ]
    assert (errors, checked.returncode) == ([], 0)
    assert site.soup("silence-is-data/index.html").select_one("main .footnote li") is not None
    old = site.soup("2014/03/silence-is-data/index.html")
    assert old.select_one("a")["href"] == "http://127.0.0.1:8000/silence-is-data/"  # type: ignore[index]
    assert site.soup("the-map-we-drew/index.html").select("main script:not([src])") == []


def test_a_dry_run_writes_nothing_and_says_what_it_would(new_site: New) -> None:
    site = new_site(PAGES)
    before = tree(site.root / "content")
    done = site.milepost("import", str(OLD / "ghost.html"), "--dry-run")
    file = "content/articles/docs-are-a-shop-window.md"
    # The page that its link leads to is not among what is imported here.
    assert done.stdout == f"{file}: would be written, from {OLD / 'ghost.html'}\n1 would be written\n"
    assert (done.returncode, tree(site.root / "content")) == (0, before)


def test_nothing_that_is_there_is_overwritten_and_no_slug_is_taken_twice(new_site: New) -> None:
    mine = "Title: Mine\nDate: 2026-01-01\nSlug: signposts\n\nMine.\n"
    picture = (OLD / "uploads/2014/03/hill.png").read_bytes()
    site = new_site({
        "content/articles/my-own.md": mine, "content/articles/docs-are-a-shop-window.md": mine.replace("signposts", "docs-are-a-shop-window"),
        "content/images/silence-is-data/hill.png": b"another picture", "content/images/first-map/hill.png": picture,
    })  # fmt: skip
    done = site.milepost("import", str(OLD))
    assert f"content/articles/docs-are-a-shop-window.md: is there already, from {OLD / 'ghost.html'}" in done.stdout
    assert "content/articles/signposts-2.md: written" in done.stdout
    assert (site.root / "content/articles/my-own.md").read_text() == mine
    assert (site.root / "content/images/silence-is-data/hill.png").read_bytes() == b"another picture"
    assert (
        "{static}/images/silence-is-data/hill-2.png" in (site.root / "content/articles/silence-is-data.md").read_text()
    )
    assert {path.name for path in (site.root / "content/images/first-map").iterdir()} == {"hill.png"}


def test_an_old_address_leads_to_one_post(new_site: New) -> None:
    page = (OLD / "microdata.html").read_text()
    site = new_site({**PAGES, "old/a.html": page, "old/b.html": page.replace("On signposts", "Again")})
    done = site.milepost("import", "old")
    assert "  its old address is another page's: /archive/2009/signposts.html" in done.stdout
    written = {path.name: path.read_text() for path in (site.root / "content/articles").iterdir()}
    assert sorted(written) == ["signposts-2.md", "signposts.md"]
    assert ["Redirect_from" in text for _, text in sorted(written.items())] == [False, True]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("content", "content: has no file that can be read; they end with .html, .htm, .xhtml, .xml, .rss, .atom"),
        ("http://127.0.0.1:9/feed", "http://127.0.0.1:9/feed: cannot be reached:"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(new_site: New, source: str, says: str) -> None:
    site = new_site()
    (site.root / "content").mkdir(exist_ok=True)
    done = site.milepost("import", source)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_misuse(new_site: New) -> None:
    done = new_site().milepost("import", "nowhere")
    assert (done.returncode, "nowhere: no such file or folder" in done.stderr) == (2, True)


@pytest.fixture
def server() -> Iterator[str]:
    """A real server with the feeds of `old_posts`."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def translate_path(self, path: str) -> str:
            return str(OLD / path.lstrip("/"))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def test_a_feed_is_read_from_its_address(new_site: New, server: str) -> None:
    site = new_site(PAGES)
    done = site.milepost("import", f"{server}/feed.atom")
    assert done.returncode == 0, done.stderr
    assert "content/articles/fish.md: written" in done.stdout
    done = site.milepost("import", f"{server}/nothing.atom")
    assert (done.returncode, done.stderr) == (1, f"{server}/nothing.atom: answers 404; is that the feed's address?\n")


HOSTILE = {
    "a bomb": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><item><title>x&b;</title><link>http://x.example/one</link><description>Text &b;</description></item></channel></rss>',
    "a file of this machine": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><rss><channel><item><title>one</title><description>Text &f;</description></item></channel></rss>',
    "a slug that climbs": b'<rss><channel><item><title>one</title><link>http://x.example/../../../one</link><description>Text</description></item></channel></rss>',
    "a title of many lines": b"<rss><channel><item><title>one\n---\nStatus: draft\n\nx</title><description>Text</description></item></channel></rss>",
    "fields within a tag": b"<rss><channel><item><title>one</title><category>a</category><category>b\nStatus: draft, c; d</category><description>Text</description></item></channel></rss>",
    "what runs": b"<rss><channel><item><title>one</title><description>&lt;p onclick='x()' style='color:red'&gt;Text &lt;a href='javascript:x()'&gt;y&lt;/a&gt;&lt;script&gt;z()&lt;/script&gt;&lt;/p&gt;</description></item></channel></rss>",
    "what Markdown would run": b"<rss><channel><item><title>one</title><description>Text &amp;lt;script&amp;gt;z()&amp;lt;/script&amp;gt; {filename} /// note</description></item></channel></rss>",
    "a picture that climbs": b"<rss><channel><item><title>one</title><description>Text &lt;img src='../../../../etc/passwd.png'&gt;</description></item></channel></rss>",
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_becomes_a_harmless_source(new_site: New, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    site = new_site(PAGES, "THEME = 'simple'")
    (site.root / "old.xml").write_bytes(data)
    done = site.milepost("import", "old.xml")
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(site.root)
    (written,) = (site.root / "content/articles").iterdir()
    source = parse(written, "article")
    assert set(source.fields) <= {"title", "status", "slug", "redirect_from", "category", "tags"}
    text = written.read_text()
    assert source.get("status") == "draft" and "Text" in source.body
    for word in ("javascript", "onclick", "style=", "<script", "root:", "aaaaaaaaaa" * 8):
        assert word not in text
    loaded = load(site.settings_file, environ={})
    from milepost.writing.findings import all_findings

    assert [str(each) for each in all_findings(all_sources(loaded), loaded) if each.severity == "error"] == []


def test_what_is_too_large_or_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    (tmp_path / "large.html").write_text("x" * 200)
    (tmp_path / "gone.html").symlink_to(tmp_path / "nowhere")
    said = {Path(name).name: str(posts) for name, posts in reading.of_files(reading.files(str(tmp_path)))}
    assert said == {
        "gone.html": "cannot be read: No such file or directory",
        "large.html": "is larger than 0 MB",
    }


@settings(max_examples=40, deadline=None)
@given(some.text(alphabet="<>/=\"' apbrtdhiv#!-[](){}|\n$*_`~&;:ßé", max_size=400))
def test_no_text_whatever_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, html: str) -> None:
    root = tmp_path_factory.mktemp("any")
    (root / "content").mkdir()
    loaded = load(ROOT / "pelicanconf.py", {"PATH": str(root / "content")}, environ={})
    page = f"<html><title>Any</title><article>{'Words that make it long enough. ' * 8}{html}</article></html>"
    results = Importer(loaded, Sources(root / "content"), dry=False).all(
        [("x", reading.of_text(page.encode(), "x", root))]
    )
    assert [result.state for result in results] == ["written"]
    assert [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()] == [
        "content/articles/any.md"
    ]
