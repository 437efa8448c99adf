"""`milepost comments status`: what is kept, what belongs nowhere, what waits, and what cannot be known."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from disqus_standin import FORUM, KEY, StandIn, post
from talking import FILES, KEPT, environ, talkative

from sites import Site

QUEUE = "waiting for a moderator:"


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site(FILES)


def test_before_anything_was_fetched(site: Site) -> None:
    empty = site.milepost("comments", "status", env={"DISQUS_PUBLIC_KEY": ""})
    assert (empty.returncode, empty.stdout.splitlines()) == (
        0, [
            f"{FORUM}: nothing in {KEPT} yet; run `milepost comments fetch`",
            f"{QUEUE} not known, since DISQUS_PUBLIC_KEY is not set",
        ],
    )  # fmt: skip


def test_what_is_kept_what_is_lost_and_what_waits(site: Site, standin: StandIn) -> None:
    talkative(standin)
    standin.posts += [post(41, 1, "let me in", isApproved=False), post(42, 1, "me too", isApproved=False)]
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    assert site.pelican().returncode == 0
    fetched = json.loads((site.root / KEPT).read_text())["fetched"]
    told = site.milepost("comments", "status", "--format", "json", env=environ(standin))
    assert json.loads(told.stdout) == {
        "forum": FORUM,
        "snapshot": KEPT,
        "fetched": fetched.replace("Z", "+00:00"),
        "threads": 2,
        "posts": 4,
        "newest": "2026-01-02T09:00:31+00:00",
        "unmatched": [
            {"thread": "3", "link": "https://milepost.example/gone/", "title": "Thread 3", "posts": 1},
        ],
        "waiting": 2,
        "waiting_unknown": None,
    }
    assert standin.asked[-1] == (
        "posts/list",
        {"forum": [FORUM], "limit": ["100"], "order": ["asc"], "include": ["unapproved"], "api_key": [KEY]},
    )
    said = site.milepost("comments", "status", env=environ(standin)).stdout.splitlines()
    assert said == [
        f"{FORUM}: 2 threads, 4 posts in {KEPT}",
        f"last new {fetched[:10]} {fetched[11:16]} UTC; the newest post is of 2026-01-02 09:00 UTC",
        "belongs to no article: https://milepost.example/gone/, 1 post",
        f"{QUEUE} 2, as far as Disqus shows them to a public key",
    ]


def test_before_the_first_build_nobody_knows_what_belongs_where(site: Site, standin: StandIn) -> None:
    talkative(standin)
    assert site.milepost("comments", "fetch", env=environ(standin)).returncode == 0
    told = site.milepost("comments", "status", "--format", "json", env={"DISQUS_PUBLIC_KEY": ""})
    assert json.loads(told.stdout)["unmatched"] is None


@pytest.mark.parametrize("refused", ["by Disqus", "by the network"])
def test_a_queue_that_is_not_shown_is_said_to_be_unknown(site: Site, standin: StandIn, refused: str) -> None:
    standin.moderators_only = refused == "by Disqus"
    standin.faults = [] if standin.moderators_only else ["html"] * 3
    done = site.milepost("comments", "status", env=environ(standin))
    why = {
        "by Disqus": "Disqus: You do not have permission to perform that action on the specified forum (code 12)",
        "by the network": "localhost: answered 502; tried 3 times, try again later",
    }[refused]
    assert (done.returncode, done.stdout.splitlines()[1:]) == (
        0, [f"{QUEUE} not known, {why}; see https://{FORUM}.disqus.com/admin/moderate/"],
    )  # fmt: skip
    assert KEY not in done.stdout + done.stderr
