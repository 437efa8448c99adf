"""What the plan places, as `milepost plan` prints it and as the preview draws it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable

import httpx
from bs4 import BeautifulSoup
from starlette.applications import Starlette

from markup import faults
from milepost.app import create_app
from milepost.settings import load
from sites import Site, article

NewSite = Callable[..., Site]

PLAN = """\
[[objective]]
slug = "signups"
title = "Signups <now>"
measure = "signup"
target = 500
from = 2026-09-01
by = 2027-06-30
[[objective.strategy]]
slug = "useful"
title = "Be useful"
[[objective.strategy.function]]
slug = "marketing"
title = "Marketing"
[[objective.strategy.function.tactic]]
slug = "essays"
title = "Essays"
pages = [{ kind = "article", category = "strategy", tag = "funnels" }]
[[objective.strategy.function.tactic]]
slug = "letters"
title = "Letters"
[[objective.strategy.function]]
slug = "docs"
title = "Docs"
"""
HANDBOOK = {"version": 1, "touchpoints": [{"id": "docs/h", "url": "https://x.example/handbook/", "kind": "doc"}]}
SHOWN = """\
PLACE          PAGES  TITLE
signups            1  Signups <now>
  useful           1  Be useful
    marketing      1  Marketing
      essays       1  Essays
      letters      0  Letters
    docs           0  Docs

signups: 500 × signup from 2026-09-01 by 2027-06-30; no page for the tactic "letters"; no tactic for the function "docs"

2 of 3 pages have no place
  content/articles/b.md
  https://x.example/handbook/
"""


def planned(new_site: NewSite) -> Site:
    other = article("Other", 2).replace("funnels", "news")
    files: dict[str, str | bytes] = {
        "content/articles/a.md": article(), "content/articles/b.md": other, "content/plan.toml": PLAN,
        "handbook.json": json.dumps(HANDBOOK),
    }  # fmt: skip
    return new_site(files, conf='TOUCHPOINT_MANIFESTS = ["handbook.json"]')


def test_the_command_prints_what_is_placed_what_is_not_and_what_is_lacking(new_site: NewSite) -> None:
    site = planned(new_site)
    done = site.milepost("plan")
    assert (done.returncode, done.stdout) == (0, SHOWN), done.stderr
    rows = json.loads(site.milepost("plan", "--format", "json").stdout)
    assert rows["pages"][0] == {
        "page": "content/articles/a.md", "objective": "signups", "strategy": "useful", "function": "marketing",
        "tactic": "essays",
    }  # fmt: skip
    assert [objective["lacks"] for objective in rows["objectives"]] == [
        ['no page for the tactic "letters"', 'no tactic for the function "docs"']
    ]
    site.write({"content/plan.toml": PLAN.replace("target = 500\n", "")})
    broken = site.milepost("plan")
    assert (broken.returncode, broken.stderr) == (
        1, 'content/plan.toml:1: objective "signups" has no target; add target = 500\n',
    )  # fmt: skip


def test_the_preview_alone_draws_the_tree(new_site: NewSite) -> None:
    site = planned(new_site)
    settings = load(site.settings_file, environ={"MILEPOST_VAR": str(site.root / "var")})
    preview = create_app(settings, site.output, preview=True)
    answer = got(preview, "/plan/")
    soup = BeautifulSoup(answer.text, "lxml")
    [essays] = [item for item in soup.find_all("li") if item.get_text().startswith("Essays")]
    assert (answer.status_code, essays.get_text()) == (200, f"Essays tactic,\u00a01\u00a0page{_name(site, 'a')}")
    assert [day.get_text() for day in soup.find_all("time")] == ["2026-09-01", "2027-06-30"]
    page = site.root / "plan/index.html"
    page.parent.mkdir()
    page.write_text(answer.text, encoding="utf-8")
    assert faults(page.parent) == []
    assert [title.get_text() for title in soup.find_all("h2")] == ["Signups <now>", "Without a place"]
    site.write({"content/plan.toml": "[[objective]]\nslug = 1"})
    assert "It cannot be read as it is" in got(preview, "/plan/").text
    assert got(create_app(settings, site.output), "/plan/").status_code == 404


def got(app: Starlette, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.get(path)

    return asyncio.run(ask())


def _name(site: Site, stem: str) -> str:
    return os.path.relpath(site.root / f"content/articles/{stem}.md")
