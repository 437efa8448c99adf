"""Looking at an issue before it is sent: all of it is shown, nothing of it may act, and nothing is made."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup
from relays import add_issue, add_subscribers, item, readers, settings_at
from signups import NOW
from sqlalchemy import Engine
from starlette.applications import Starlette

from milepost.newsletter import delivery, store
from milepost.newsletter.preview_service import preview_routes
from milepost.settings import Settings
from sites import Site

AT = "/newsletter/preview"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_at(tmp_path, None)


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return store.open_store(settings.env)


def get(settings: Settings, *paths: str) -> list[httpx.Response]:
    """What the preview answers."""
    app = Starlette(routes=preview_routes(settings))

    async def responses() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(responses())


def everything(settings: Settings) -> list[str]:
    with sqlite3.connect(settings.env.var / "milepost.sqlite") as connection:
        return list(connection.iterdump())


def published(settings: Settings, *posts: dict[str, str]) -> None:
    (settings.site.output / "feed.json").write_text(json.dumps({"items": posts}))


def test_what_would_be_sent_now_is_shown_and_not_made(settings: Settings, engine: Engine) -> None:
    before = everything(settings)
    none, nothing = get(settings, f"{AT}/", f"{AT}/next/")
    assert "No issue was made yet" in none.text
    assert (nothing.status_code, "no feed; build the site first" in nothing.text) == (404, True)
    post = {"id": "1", "url": "https://site.example/1/", "title": HOSTILE, "summary": HOSTILE}
    published(settings, {**post, "image": "https://pictures.example/a.jpg"})
    page, light, dark = get(settings, f"{AT}/next/", f"{AT}/next/light", f"{AT}/next/dark")
    assert everything(settings) == before
    soup = BeautifulSoup(page.text, "lxml")
    assert [(one["src"], one["width"]) for one in soup.select("iframe")] == [
        ("light", "375"), ("dark", "375"), ("light", "1440"), ("dark", "1440"),
    ]  # fmt: skip
    assert page.text.count('sandbox="allow-popups allow-popups-to-escape-sandbox"') == 4
    assert not soup.select("script, style, [style], img, [onerror]")
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert soup.h1 and soup.h1.get_text() == HOSTILE
    assert soup.pre and HOSTILE in " ".join(soup.pre.get_text().split())
    for answer in (light, dark):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https://pictures.example;" in policy
        assert policy.endswith("sandbox allow-popups allow-popups-to-escape-sandbox")
        assert not BeautifulSoup(answer.text, "lxml").select("script, [onerror]")
        assert answer.headers["cache-control"] == "no-store"
    assert "@media not all" in light.text and "@media all" in dark.text
    assert not re.search("prefers-color-scheme|light dark", light.text + dark.text)


def test_an_issue_is_shown_as_it_was_frozen_and_an_unknown_one_is_named(settings: Settings, engine: Engine) -> None:
    id_ = add_issue(engine, item(1))
    add_subscribers(engine, *readers(1))
    asyncio.run(delivery.send(engine, settings, id_, clock=lambda: NOW))
    later = add_issue(engine, item(2), item(1), now=NOW + timedelta(days=1))
    renamed = settings.model_copy(update={"site": settings.site.model_copy(update={"name": "Another site"})})
    listed, sent, draft, unknown = get(renamed, f"{AT}/", f"{AT}/{id_}/", f"{AT}/{later}/", f"{AT}/2020-01-01/")
    rows = [[cell.get_text() for cell in row.select("td")] for row in BeautifulSoup(listed.text, "lxml").select("tr")]
    assert rows[1:] == [[later, "Post 2", "draft"], [id_, "Post 1", "done"]]
    assert ("A site" in sent.text, "Another site" in sent.text) == (True, False)
    assert "Another site" in draft.text
    assert unknown.status_code == 404
    assert f"no issue 2020-01-01; there are: {later}, {id_}" in unknown.text


def test_the_command_says_where_to_look_or_what_is_missing(tmp_path: Path) -> None:
    site = Site(tmp_path).write({"content/authors/ada.md": "Name: Ada Sample\n\nWrites.\n"})
    known = site.milepost("newsletter", "preview", "2020-01-01")
    assert (known.returncode, known.stderr) == (
        1, "no issue 2020-01-01; make one with `milepost newsletter issue`\n",
    )  # fmt: skip
    nobody = site.milepost("newsletter", "preview", "--port", "1")
    assert (nobody.returncode, nobody.stderr) == (
        1, "nobody listens on port 1; run `milepost serve --port 1` in another terminal\n",
    )  # fmt: skip
