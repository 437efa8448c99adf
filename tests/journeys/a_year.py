"""A year of made journeys, with something for every picture of the report: seeded, so the same each time."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from journeys.measured import archive_of
from milepost import settings as settings_module
from milepost.journeys.report import report_of
from milepost.journeys.report_model import Report
from milepost.settings import Settings
from sites import Site

START = datetime(2025, 10, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 9, 30, 10, 5, tzinfo=UTC)
BLOG = ("There never was a funnel", "What a touchpoint is", "Half a year of silence", "Sales without a pitch",
        "The objective with no date", "Ask less, hear more", "Why docs convert", "A letter a week is too much",
        "Measuring without following", "Support is marketing")  # fmt: skip
DOCS = ("Start here", "Install", "First post", "Serve", "Import", "Refunds and licences", "Serving behind a proxy",
        "Every setting", "Every command", "Move a page")  # fmt: skip
SITE = ("About us", "Prices")
TACTICS = {"blog": ("marketing", "essays"), "docs": ("docs", "guides"), "site": ("sales", "plain-answers")}
PLAN = """\
[[objective]]
slug = "signups"
title = "200 people have asked to hear from us by the end of 2026"
measure = "signup"
target = 200
from = 2025-10-01
by = 2026-12-31

[[objective]]
slug = "orders"
title = "60 licences are sold by the end of October 2026"
measure = "order"
target = 60
from = 2026-01-01
by = 2026-10-31
"""


def touchpoints(site: str = "http://127.0.0.1:8000") -> list[dict[str, Any]]:
    """As `touchpoints.json` has them."""
    told = []
    for surface, titles, kind in (("blog", BLOG, "article"), ("docs", DOCS, "doc"), ("site", SITE, "page")):
        for number, title in enumerate(titles):
            topics = [("strategy", "craft")[number % 2], *(["journeys"] if number % 3 == 0 else [])]
            told.append({
                "id": f"{surface}/{number}", "title": title, "surface": surface, "kind": kind,
                "url": f"{site}/{surface}/{number}/", "topics": topics if surface != "site" else [],
                "authors": [("ada-sample", "ben-sample")[number % 2]] if surface == "blog" else [],
                "objective": "signups" if surface != "site" else "orders", "strategy": "useful-first",
                "function": TACTICS[surface][0], "tactic": TACTICS[surface][1],
            })  # fmt: skip
    told.append({"id": "newsletter/letter", "title": "The letter", "surface": "newsletter", "kind": "mail"})
    told.append({"id": "site/newsletter", "title": "Newsletter", "surface": "site", "kind": "service"})
    return told


def events(people: int = 420) -> list[dict[str, Any]]:
    """The archive's rows: readers of every tier, who vanish and come back, sign up and order."""
    made = random.Random(7)
    rows: list[dict[str, Any]] = []
    for number in range(people):
        _reader(made, number, rows)
    return sorted(rows, key=lambda row: row["at"])


def _reader(made: random.Random, number: int, rows: list[dict[str, Any]]) -> None:
    tier = made.choices(("counted", "visited", "consented"), (0.12, 0.38, 0.5))[0]
    person = "".join(made.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", k=18))
    at = START + timedelta(days=made.uniform(0, 330), minutes=made.uniform(0, 600))
    signed, ordered, visits = False, False, 1 if tier != "consented" else made.choice((1, 1, 2, 3, 4, 6))
    for visit in range(visits):
        key = made.randbytes(16) if tier == "visited" else None
        who = {"tier": tier, "person": f"{person}{number:04}" if tier == "consented" else None, "visit": key}
        pages = _visit(made, signed)
        for page in pages:
            at += timedelta(minutes=made.uniform(0.5, 6))
            _page(made, page, at, who, rows)
        if not signed and made.random() < 0.14 + 0.1 * visit + 0.2 * (pages[-1] == "docs/2"):
            signed = True
            sign = {**who, "tier": "known" if who["person"] else "counted", "visit": None}
            _add(rows, at + timedelta(minutes=2), pages[-1], "signup", sign)
            if made.random() < 0.9:
                _add(rows, at + timedelta(minutes=2, seconds=2), "site/newsletter", "view", who)
        elif signed and not ordered and made.random() < 0.35:
            ordered = True
            _add(rows, at + timedelta(minutes=9), "site/1", "order", who, goal="order", value=99.0, currency="EUR")
        at += timedelta(days=made.choice((0.2, 1, 3, 20, 45, 70, 120, 190)))
        if at >= NOW:
            return


def _visit(made: random.Random, signed: bool) -> list[str]:
    first = "newsletter/letter" if signed and made.random() < 0.5 else ""
    pages = [first] if first else []
    for _ in range(made.choice((1, 2, 2, 3, 4))):
        surface = made.choices(("blog", "docs", "site"), (0.5, 0.4, 0.1))[0]
        last = {"blog": 9, "docs": 9, "site": 1}[surface]
        pages.append(f"{surface}/{min(int(made.expovariate(0.35)), last)}")
    if made.random() < 0.06:
        pages += ["docs/4", "docs/5", "docs/4", "docs/5"]
    return pages


def _page(made: random.Random, page: str, at: datetime, who: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    _add(rows, at, page, "view", who)
    seconds = timedelta(seconds=20)
    if made.random() < 0.6:
        _add(rows, at + seconds, page, "engage", who, data=f'{{"seconds": {made.randint(5, 160)}, "depth": 70}}')
    if made.random() < 0.05:
        found, query = made.choice(((0, "refund"), (0, "refund"), (3, "install"), (1, "pelican")))
        _add(rows, at + seconds, page, "search", who, data=f'{{"query": "{query}", "results": {found}}}')
    if made.random() < 0.03:
        path = made.choice(("/old-pricing/", "/old-pricing/", "/feed.xml"))
        _add(rows, at + seconds, page, "not-found", who, data=f'{{"path": "{path}", "referrer": "forum.example"}}')
    if page == "docs/5" and made.random() < 0.5:
        _add(rows, at + seconds, page, "helpful", who, data=f'{{"answer": "{made.choice(("no", "no", "yes"))}"}}')
    if page == "docs/1" and made.random() < 0.6:
        _add(rows, at + seconds, page, "vitals", who, data=f'{{"lcp": {made.choice((900, 3900, 4200))}}}')


def _add(
    rows: list[dict[str, Any]], at: datetime, touchpoint: str, type: str, who: dict[str, Any], **more: Any
) -> None:
    rows.append({"at": at, "received": at, "type": type, "touchpoint": touchpoint, **who, **more})


NOTE = "A year of made journeys: nobody went them."


def site_in(root: Path) -> Settings:
    """A site that was built, has the plan, and these journeys in its archive, which is marked as synthetic."""
    site = Site(root).write(
        {
            "content/plan.toml": PLAN,
            "output/touchpoints.json": json.dumps({"version": 1, "touchpoints": touchpoints()}),
            "var/archive/synthetic.json": json.dumps({"note": NOTE}),
        }
    )
    archive_of(root / "var" / "archive", events())
    return _settings(site)


def _settings(site: Site) -> Settings:
    return settings_module.load(site.settings_file, environ={"MILEPOST_VAR": str(site.root / "var")})


def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Report]:
    """The site, and what the measures say of it: asked once for all processes that test."""
    temporary = tmp_path_factory.getbasetemp()
    shared = (temporary.parent if "PYTEST_XDIST_WORKER" in os.environ else temporary) / "a-year"
    shared.mkdir(exist_ok=True)
    file = shared / "report.pickle"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            settings = site_in(shared / "site")
            file.write_bytes(pickle.dumps(report_of(settings, settings.site.output, NOW)))
    report: Report = pickle.loads(file.read_bytes())
    return _settings(Site(shared / "site")), report
