"""`milepost check --insights`: what stopped readers, on the line that it can be mended in; not what was mended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from measured import START, archive_of, event
from typer.testing import CliRunner

from milepost.cli import cli
from milepost.journeys import checks, synthetic
from milepost.journeys.measures.obstacles.ranked import DETECTORS
from sites import NO_ABOUT, Site

RECENTLY = (datetime.now(UTC) - timedelta(days=3) - START) / timedelta(minutes=1)
LONG_AGO = RECENTLY - 120 * 24 * 60


def post(title: str, body: str) -> str:
    return f"Title: {title}\nDate: 2026-01-01 09:00\nCategory: Strategy\nTags: one\nSummary: {title}.\n\n{body}"


FILES: dict[str, str | bytes] = {
    "content/articles/dead.md": post("Dead end", "One.\n\nThe last line.\n\n"),
    "content/articles/links.md": post("Links", "See\n[the guide](https://www.example.com/old-guide/)."),
    "content/docs/index.md": "Title: Docs\n\nHow to export everything.\n",
    "content/docs/start.md": "Title: Start\nAllow: obstacle-slow: a big picture is what it is about\n\nBegin.\n",
    "content/docs/more.md": "Title: More\n\nGo on.\n",
    "content/pages/ask.md": 'Title: Ask\nRedirect_from: /asked/\n\n<form name="contact"></form>\n',
}
HOURS = itertools.count()
EVIL = "re\x1bfund\u202e"


def visits(count: int, *events: tuple[str, str, dict[str, Any]], start: float = RECENTLY) -> Iterator[dict[str, Any]]:
    """`count` readers, each with these events (touchpoint, type, data), a minute apart. No visit has others of them."""
    start += 60 * next(HOURS)
    for number in range(count):
        for minutes, (touchpoint, kind, data) in enumerate(events):
            said = json.dumps(data) if data else None
            yield event(start + minutes, chr(65 + number), touchpoint, kind, data=said)


def happened() -> list[dict[str, Any]]:
    dead, start, more, ask = "blog/dead-end", "docs/start", "docs/more", "site/ask"
    searched = {
        query: ("docs/index", "search", {"query": query, "results": 0})
        for query in ("Refund", "export everything", "long gone", EVIL)
    }
    return [
        *visits(40, ("blog/links", "view", {}), (dead, "view", {})),
        *visits(41, searched["Refund"]),
        *visits(9, searched["export everything"]),
        *visits(9, searched["long gone"], start=LONG_AGO),
        *visits(6, searched[EVIL]),
        *visits(7, ("site/404", "not-found", {"path": "/old-guide/", "referrer": "127.0.0.1:8000"})),
        *visits(5, ("site/404", "not-found", {"path": "/typo/", "referrer": "far.example"})),
        *visits(8, ("site/404", "not-found", {"path": "/asked/"})),
        *visits(12, (ask, "form", {"name": "contact", "step": "started"})),
        *visits(12, *[(page, "view", {}) for page in (start, more, start, more, "docs/index")]),
        *visits(20, (start, "vitals", {"lcp": 4000}), (more, "vitals", {"lcp": 4000})),
        *visits(9, (more, "helpful", {"answer": "no", "comment": "Which version?"})),
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("insights"), NO_ABOUT).write(FILES)


def check(site: Site, *more: str) -> tuple[int, list[str]]:
    env = {"MILEPOST_VAR": str(site.root / "var"), "MILEPOST_SETTINGS": str(site.settings_file)}
    done = CliRunner().invoke(cli, ["check", *more], env=env)
    return done.exit_code, done.stdout.splitlines()


def test_each_obstacle_is_told_where_it_can_be_mended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.root)
    assert check(site) == (0, ["6 files checked, nothing to mend"])
    status, lines = check(site, "--insights")
    assert (status, lines[0]) == (0, "6 files checked, nothing to mend")
    assert lines[1].startswith("insights: no journeys of the last 90 days are archived; events come from readers")
    archive = archive_of(site.root / "var/archive", happened())
    status, lines = check(site, "--insights")
    assert status == 0, "warnings, as what is doubtful is"
    assert lines == [
        "content: warning: readers asked 5 times for /typo/, which is no page, linked from far.example; redirect "
        "/typo/ to the page that took its place, with Redirect_from in its front matter, or have the link mended",
        'content: warning: search "refund" found nothing 41 times; no page has it: write the page that answers '
        '"refund", or use these words on the one that does',
        'content: warning: search "re�fund�" found nothing 6 times; no page has it: write the page that answers '
        '"re�fund�", or use these words on the one that does',
        "content/articles/dead.md:9: warning: a dead end: 40 of 40 visits that came here ended here; say at the end "
        "of blog/dead-end what to read or to do next, and link to it",
        "content/articles/links.md:8: warning: readers asked 7 times for /old-guide/, which is no page; this line "
        "names it; redirect /old-guide/ to the page that took its place, with Redirect_from in its front matter, or "
        "have the link mended",
        "content/docs/more.md: warning: readers go to and fro between it and docs/start, in 12 of 12 visits; bring "
        "what is needed together: let docs/more say what readers go to docs/start for, or the other way round",
        "content/docs/more.md: warning: slow: lcp was above what is good in 20 of 20 measurements; make docs/more "
        "lighter (lcp): smaller pictures with their sizes given, less script, nothing that moves",
        "content/docs/more.md: warning: did not help 9 of 9 who answered, who wrote “Which version?”; ask what was "
        "missing on docs/more: begin with what its readers wrote and searched for next",
        'content/pages/ask.md:4: warning: the form "contact" was begun in 12 visits, and not sent in 12; ask for less '
        'in the form "contact", and say beside each field what it is for',
        f"insights: from {len(happened()) - 9:,} events of the last 90 days",
    ]
    assert check(site) == (0, ["6 files checked, nothing to mend"]), "only when asked for"
    synthetic.mark(Path(archive), {})
    assert check(site, "--insights")[1][-1].endswith(f". {synthetic.NOTE}")
    _, lines = check(site, "--insights", "--format", "json")
    rows = json.loads("\n".join(lines))
    assert {row["rule"] for row in rows} == set(checks.RULES)
    assert {row["severity"] for row in rows} == {"warning"}


def test_every_kind_of_obstacle_has_a_rule() -> None:
    assert set(checks.RULES) == {f"{checks.PREFIX}{name}" for name in DETECTORS}


def test_without_journeys_there_are_no_insights(site: Site) -> None:
    only = Site(site.root, f'{NO_ABOUT}\nPLUGINS.remove("milepost.journeys")')
    done = only.milepost("check", "--insights")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith('PLUGINS does not name "milepost.journeys"; add it for --insights\n')
