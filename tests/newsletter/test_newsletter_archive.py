"""What was sent, to be read again: the file that sending keeps, and the pages that are built of it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from relays import add_issue, add_subscribers, item, readers, relaying, settings_at
from signups import NOW
from sqlalchemy import Engine

from milepost.newsletter import archive, delivery
from milepost.newsletter.letter import Letter, Picture, Post
from milepost.newsletter.model import NewsletterError
from milepost.newsletter.sent import touchpoints_in
from milepost.settings import Settings
from sites import Site, article, png

LETTER = Letter(
    "2026-01-15",
    "Grüße",
    (Post("A post", "https://site.example/a/", "About it.", "Strategy", Picture("https://x.example/a.jpg"), "blog/a"),),
)
KEPT = {
    "id": "2026-01-15",
    "sent": "2026-01-15T12:00:00Z",
    "subject": "Grüße",
    "opening": "About it.",
    "posts": [
        {
            "title": "A post",
            "url": "https://site.example/a/",
            "summary": "About it.",
            "topic": "Strategy",
            "touchpoint": "blog/a",
        }
    ],
}


def sent_by(engine: Engine, settings: Settings, issue_id: str) -> None:
    asyncio.run(delivery.send(engine, settings, issue_id, clock=lambda: NOW))


def test_an_issue_is_kept_once_newest_first_and_an_older_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "content" / "issues.json"
    archive.remember(path, LETTER, NOW)
    archive.remember(path, replace(LETTER, id="2026-01-16", html="<p>By hand.</p>", posts=()), NOW + timedelta(days=1))
    archive.remember(path, LETTER, NOW)
    found = json.loads(path.read_text(encoding="utf-8"))
    by_hand = {"id": "2026-01-16", "sent": "2026-01-16T12:00:00Z", "subject": "Grüße", "html": "<p>By hand.</p>"}
    assert found == {"version": 1, "issues": [by_hand, KEPT]}
    assert [one.id for one in archive.read(path)] == ["2026-01-16", "2026-01-15"]
    assert archive.read(tmp_path / "none.json") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "issues.json:1: Expecting property name enclosed in double quotes; restore the file"),
        (b"\xff\xfe\xfd", "issues.json: is not UTF-8; restore the file"),
        (b'{"version": 2}', "issues.json: version: Input should be 1; restore the file"),
        (
            b'{"version": 1, "issues": [{"id": "../x", "sent": "2026-01-15T12:00:00Z", "subject": "x"}]}',
            "issues.json: issues.0.id: String should match pattern '^[a-z0-9][a-z0-9._-]{0,79}$'; restore the file",
        ),
    ],
)
def test_a_file_that_is_none_is_said_where_and_left_as_it_is(
    text: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "issues.json"
    path.write_bytes(text)
    for act in (lambda: archive.read(path), lambda: archive.remember(path, LETTER, NOW)):
        with pytest.raises(NewsletterError) as refused:
            act()
        assert str(refused.value) == why
    assert path.read_bytes() == text


def test_sending_keeps_what_everybody_was_sent_and_nothing_of_anybody(engine: Engine, tmp_path: Path) -> None:
    add_subscribers(engine, *readers(3))
    id_ = add_issue(engine, item(1))
    settings = settings_at(tmp_path, None)
    told = touchpoints_in(settings.env.model_copy(update={"database_url": engine.url.render_as_string(False)}))
    assert told() == frozenset()
    with relaying() as sink:
        mailing = settings.model_copy(update={"env": settings.env.model_copy(update={"smtp_url": sink.url})})
        sent_by(engine, mailing, id_)
    assert told() == {"newsletter/2026-01-15"}
    kept = archive.public(settings).read_text()
    post = {"title": "Post 1", "url": "https://site.example/post-1/", "summary": "A summary."}
    issue = {"id": id_, "sent": "2026-01-15T12:00:00Z", "subject": "Post 1", "opening": "A summary.", "posts": [post]}
    assert json.loads(kept) == {"version": 1, "issues": [issue]}
    assert not any(private in kept for private in ("@", "reader", "newsletter/"))
    assert not archive.of_outbox(settings).exists()


def test_what_never_left_this_machine_is_kept_beside_its_outbox(engine: Engine, tmp_path: Path) -> None:
    settings = settings_at(tmp_path, None)
    nobody = add_issue(engine, item(1))
    sent_by(engine, settings, nobody)
    assert not archive.of_outbox(settings).exists()
    add_subscribers(engine, *readers(1))
    sent_by(engine, settings, add_issue(engine, item(2), item(1), now=NOW + timedelta(days=1)))
    assert [one.id for one in archive.read(archive.of_outbox(settings))] == ["2026-01-16"]
    assert not archive.public(settings).exists()


def test_a_file_that_cannot_be_kept_costs_a_line_and_no_mail(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_subscribers(engine, *readers(2))
    id_ = add_issue(engine, item(1))
    settings = settings_at(tmp_path, None)
    archive.of_outbox(settings).parent.mkdir(parents=True, exist_ok=True)
    archive.of_outbox(settings).write_text("spoiled")
    with caplog.at_level(logging.WARNING):
        sent_by(engine, settings, id_)
    assert len(list((settings.env.var / "outbox").glob("*.eml"))) == 2
    [said] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "issues.json:1: Expecting value; restore the file" in said
    assert f"`milepost newsletter send {id_}` tries again" in said
    archive.of_outbox(settings).unlink()
    sent_by(engine, settings, id_)
    assert len(list((settings.env.var / "outbox").glob("*.eml"))) == 2
    assert [one.id for one in archive.read(archive.of_outbox(settings))] == [id_]


HOSTILE = "</title><script>alert(1)</script>{{ 7 * 7 }} & more"


def issue(day: int, **more: Any) -> dict[str, Any]:
    return {"id": f"2026-01-{day}", "sent": f"2026-01-{day}T08:00:00Z", "subject": f"Issue of {day}", **more}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with two issues that were sent, and one that only went to the outbox."""
    moved = {"title": "As it was called", "url": "https://old.example/gone/", "touchpoint": "blog/first-post"}
    away = {"title": HOSTILE, "url": "https://other.example/", "summary": HOSTILE}
    sent = [issue(20, posts=[moved, away], subject=HOSTILE), issue(10, html="<p>By <em>hand</em>.</p>", opening="Hm.")]
    lead = "Image: /images/a.png\nImage_alt: A square\nSummary:"
    made = Site(tmp_path_factory.mktemp("site"))
    made.write(
        {
            "content/articles/first.md": article().replace("Summary:", lead),
            "content/authors/ada.md": "Name: Ada Sample\n\nWrites.\n",
            "content/images/a.png": png(900, 500),
            "content/issues.json": json.dumps({"version": 1, "issues": sent}),
            "var/issues.json": json.dumps({"version": 1, "issues": [issue(15), issue(20)]}),
        }
    )
    done = made.pelican()
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_every_issue_that_was_sent_is_a_page_and_a_touchpoint_and_listed(site: Site) -> None:
    listed = [(str(one["href"]), one.get_text()) for one in site.soup("issues/index.html").select("main .marked a")]
    base = "http://127.0.0.1:8000/issues/"
    assert listed == [(f"{base}2026-01-20/", HOSTILE), (f"{base}2026-01-10/", "Issue of 10")]
    rows = {row["id"]: row for row in site.json("touchpoints.json")["touchpoints"] if row["surface"] == "newsletter"}
    assert {id_: (row["kind"], row["url"]) for id_, row in rows.items()} == {
        "newsletter/issues": ("listing", base),
        "newsletter/2026-01-10": ("mail", f"{base}2026-01-10/"),
        "newsletter/2026-01-20": ("mail", f"{base}2026-01-20/"),
    }
    by_hand = rows["newsletter/2026-01-10"]
    assert (by_hand["title"], by_hand["published"]) == ("Issue of 10 · Milepost letters", "2026-01-10T08:00:00+00:00")
    sitemap = (site.output / "sitemap.xml").read_text()
    assert all(f"<loc>{row['url']}</loc>" in sitemap for row in rows.values())
    for page in ("index.html", "first-post/index.html"):
        assert site.soup(page).select(f'.site-footer a[href="{base}"]')


def test_an_issues_page_leads_to_where_a_post_is_now_and_shows_what_was_said(site: Site) -> None:
    page = site.soup("issues/2026-01-20/index.html")
    assert [heading.get_text() for heading in page.select("main h1")] == [HOSTILE]
    assert [(str(one["href"]), one.get_text()) for one in page.select("main h2 a")] == [
        ("http://127.0.0.1:8000/first-post/", "As it was called"), ("https://other.example/", HOSTILE),
    ]  # fmt: skip
    assert [str(picture["alt"]) for picture in page.select("main img")] == ["A square"]
    assert not page.select("main script, title script")
    by_hand = site.soup("issues/2026-01-10/index.html")
    assert by_hand.select_one("main em") is not None
    assert [str(link["href"]) for link in by_hand.select("main nav a")] == ["http://127.0.0.1:8000/issues/2026-01-20/"]
    metas = {str(meta["name"]): str(meta["content"]) for meta in by_hand.select("meta[name]")}
    assert metas["description"] == "Hm."


def test_the_feed_has_every_issue_for_who_would_rather_not_be_mailed(site: Site) -> None:
    [offered] = site.soup("issues/index.html").select('link[title="Milepost letters: every issue"]')
    assert offered["href"] == "http://127.0.0.1:8000/feeds/newsletter.atom.xml"
    feed = ElementTree.parse(site.output / "feeds/newsletter.atom.xml").getroot()
    atom = "{http://www.w3.org/2005/Atom}"
    assert [entry.findtext(f"{atom}id") for entry in feed.iter(f"{atom}entry")] == [
        "tag:127.0.0.1,2026-01-20:newsletter/2026-01-20", "tag:127.0.0.1,2026-01-10:newsletter/2026-01-10",
    ]  # fmt: skip
    contents = [entry.findtext(f"{atom}content") or "" for entry in feed.iter(f"{atom}entry")]
    newest, by_hand = [BeautifulSoup(content, "lxml") for content in contents]
    assert [link.get_text() for link in newest.select("a")] == ["As it was called", HOSTILE]
    assert (newest.select("script"), by_hand.get_text()) == ([], "By hand.")
    assert feed.findtext(f"{atom}updated") == "2026-01-20T08:00:00+00:00"


def test_a_preview_shows_what_went_to_the_outbox_too_and_says_so(site: Site) -> None:
    done = site.run(
        "pelican", "content", "-s", site.settings_file.name, "-o", "shown", "--fatal", "errors",
        "-e", "MILEPOST_PREVIEW=true",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.parent.name: path.read_text() for path in (site.root / "shown" / "issues").glob("*/index.html")}
    assert {name: "To the outbox" in text for name, text in pages.items()} == {
        "2026-01-10": False, "2026-01-15": True, "2026-01-20": False,
    }  # fmt: skip


def test_a_spoiled_file_stops_the_build(new_site: Callable[..., Site]) -> None:
    site = new_site({"content/issues.json": '{"version": 1, "issues": [{}]}'})
    done = site.pelican()
    assert (done.returncode, "content/issues.json: issues.0.id: Field required" in done.stderr) == (1, True)
