"""What becomes an issue: the newest post, then what is new; and feeds that are none."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from relays import item
from signups import NOW, settings_for
from sqlalchemy import Engine, select

from milepost import db
from milepost.newsletter import tables
from milepost.newsletter.drafts import make_issue
from milepost.newsletter.issue import Item, feed_of, read_feed
from milepost.newsletter.letter import Picture, Post, letter_of
from milepost.newsletter.model import NewsletterError

POST: dict[str, Any] = {"id": "1", "url": "https://site.example/1/", "title": "First", "summary": "What it is about."}


def feed(*posts: dict[str, Any]) -> dict[str, Any]:
    return {"version": "https://jsonfeed.org/version/1.1", "title": "A site", "items": list(posts)}


def made(engine: Engine, *items: Item, **later: float) -> str | None:
    with engine.begin() as connection:
        return make_issue(connection, items, NOW + timedelta(**later))


def issues(engine: Engine) -> list[tuple[str, str, str, list[str]]]:
    """(id, state, subject, titles) of each issue, oldest first."""
    with db.reading(engine) as connection:
        rows = connection.execute(select(tables.issue).order_by(tables.issue.c.created_at)).all()
    return [(row.id, row.state, row.subject, [post.title for post in letter_of(row).posts]) for row in rows]


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_first_issue_is_the_newest_post_and_the_next_is_what_is_new(engine: Engine) -> None:
    assert made(engine, item(3), item(2), item(1)) == "2026-01-15"
    assert made(engine, item(3), item(2), item(1), hours=1) is None
    assert made(engine, item(5), item(4), item(3), item(2), item(1), hours=2) == "2026-01-15-2"
    assert made(engine, item(5), item(4), item(3), item(2), item(1), hours=3) is None
    # A feed lists only so many: what has left it is not new when it is there again.
    assert made(engine, item(6), item(5), days=1) == "2026-01-16"
    assert made(engine, item(6), item(5), item(4), item(3), item(2), item(1), days=2) is None
    assert issues(engine) == [
        ("2026-01-15", "draft", "Post 3", ["Post 3"]),
        ("2026-01-15-2", "draft", "Post 5, and 1 more", ["Post 5", "Post 4"]),
        ("2026-01-16", "draft", "Post 6", ["Post 6"]),
    ]


def test_a_feed_without_posts_makes_no_issue(engine: Engine) -> None:
    assert made(engine) is None
    assert issues(engine) == []


def test_an_issue_keeps_posts_as_the_feed_had_them(engine: Engine) -> None:
    made(engine, item(1, title="Grüße 👋", summary="It's <b>bold</b> & more"))
    made(engine, item(2, title="Later"), item(1, title="Changed since"), hours=1)
    with db.reading(engine) as connection:
        rows = connection.execute(select(tables.issue).order_by(tables.issue.c.created_at)).all()
        first, second = [letter_of(row).posts for row in rows]
    url = "https://site.example/post-1/"
    assert first == (Post("Grüße 👋", url, "It's <b>bold</b> & more"),)
    assert [post.title for post in second] == ["Later"]


SIZE = {"width": 1280, "height": 720, "alt": "A road"}
OURS = {"touchpoint": "blog/first", "image": SIZE}
LEAD = "https://site.example/a.jpg"


@pytest.mark.parametrize(
    ("said", "post"),
    [
        (
            {"tags": ["Strategy", "funnels"], "image": LEAD, "_milepost": OURS},
            {"topic": "Strategy", "picture": Picture(LEAD, 1280, 720, "A road"), "touchpoint": "blog/first"},
        ),
        ({"image": LEAD}, {"picture": Picture(LEAD)}),
        ({"image": LEAD, "_milepost": {"image": {"width": -1}}}, {"picture": Picture(LEAD)}),
        ({"image": "https://site.example/a.svg"}, {}),
        ({"image": "javascript:alert(1)"}, {}),
        ({"image": 5, "tags": 5, "_milepost": 5}, {}),
        ({"tags": [5], "_milepost": {"touchpoint": 5, "image": 5}}, {}),
    ],
)
def test_what_else_a_feed_says_of_a_post_is_kept_where_it_can_be_used(
    said: dict[str, Any], post: dict[str, Any], engine: Engine
) -> None:
    made(engine, Item.model_validate(POST | said))
    with db.reading(engine) as connection:
        [row] = connection.execute(select(tables.issue)).all()
    assert letter_of(row).posts == (Post("First", POST["url"], "What it is about.", **post),)


def test_a_post_is_one_line_of_characters_and_a_summary_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "feed.json"
    strange = {"id": "1\x00", "url": "https://site.example/1/", "title": " One\r\n two\x00\x1b\ud800three "}
    path.write_text(json.dumps(feed(strange)))
    [post] = read_feed(str(path))
    assert (post.id, post.title, post.summary) == ("1", "One two three", "")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", ":1: Expecting value; is it a JSON Feed?"),
        (b"<html>", ":1: Expecting value; is it a JSON Feed?"),
        (b'{\n"items": [\n', ":3: Expecting value; is it a JSON Feed?"),
        (b"\xff\xfe\xfd", ': no list of "items"; is it a JSON Feed?'),
        (b"[]", ': no list of "items"; is it a JSON Feed?'),
        (b"3", ': no list of "items"; is it a JSON Feed?'),
        (b"{}", ': no list of "items"; is it a JSON Feed?'),
        (b"[" * 100_000, ': no list of "items"; is it a JSON Feed?'),
        (b'{"items": null}', ": items: Input should be a valid list; is it a JSON Feed?"),
        (b'{"items": [{"id": "1"}]}', ": items.0.url: Field required; is it a JSON Feed?"),
        ({"title": None}, ": items.1.title: Input should be a valid string; is it a JSON Feed?"),
        ({"url": "javascript:alert(1)"}, ": items.1.url: URL scheme should be 'http' or 'https'; is it a JSON Feed?"),
        ({"url": "/1/"}, ": items.1.url: Input should be a valid URL, relative URL without a base; is it a JSON Feed?"),
    ],
)
def test_a_feed_that_is_none_is_one_line_that_says_where(
    content: bytes | dict[str, Any], why: str, tmp_path: Path
) -> None:
    path = tmp_path / "feed.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(feed(POST, POST | content)).encode())
    with pytest.raises(NewsletterError) as refused:
        read_feed(str(path))
    assert str(refused.value) == f"{path}{why}"
    with web_server(tmp_path) as url, pytest.raises(NewsletterError) as refused:
        read_feed(f"{url}/feed.json")
    assert str(refused.value) == f"{url}/feed.json{why}"


def test_a_feed_by_its_address_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "feed.json").write_text(json.dumps(feed(POST, POST | {"id": "2"})))
    with web_server(tmp_path) as url:
        posts = read_feed(f"{url}/feed.json")
        assert posts == read_feed(str(tmp_path / "feed.json"))
    assert [post.model_dump(mode="json", exclude_defaults=True) for post in posts] == [POST, POST | {"id": "2"}]


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("{folder}/none.json", "No such file or directory"),
        ("{folder}", "Is a directory"),
        ("{url}/none.json", "the server answers 404"),
        ("http://127.0.0.1:1/feed.json", "[Errno 111] Connection refused"),
        ("http://[::1/feed.json", "Invalid port: ':1'"),
        ("https://", "Request URL is missing an 'http://' or 'https://' protocol."),
    ],
)
def test_a_feed_that_cannot_be_read_is_one_line_that_says_where(where: str, why: str, tmp_path: Path) -> None:
    with web_server(tmp_path) as url, pytest.raises(NewsletterError) as refused:
        read_feed(where.format(folder=tmp_path, url=url))
    assert str(refused.value) == f"{where.format(folder=tmp_path, url=url)}: {why}"


def test_the_sites_own_feed_is_the_one_built_last(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    output, preview = settings.site.output / "feed.json", settings.env.var / "preview" / "feed.json"
    with pytest.raises(NewsletterError, match=r"output/feed.json: no feed; build the site first$"):
        feed_of(settings)
    preview.parent.mkdir(parents=True)
    preview.write_text("{}")
    assert feed_of(settings) == preview
    output.write_text("{}")
    later = preview.stat().st_mtime_ns + 1_000_000_000
    os.utime(output, ns=(later, later))
    assert feed_of(settings) == output
