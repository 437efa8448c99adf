"""Robots are told from readers, named, kept, and left out of every measure."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from collecting import BROWSER, event, running, settings_for
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from milepost.journeys.bots import bot_in, bot_named
from milepost.journeys.measures.events import opened
from milepost.journeys.questions import Question, answer


def test_of_the_public_list_at_least_99_in_100_are_named() -> None:
    agents = [agent for entry in CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]]
    named = [bot_named(agent) for agent in agents]
    assert len(agents) > 2000
    assert len(list(filter(None, named))) >= 0.99 * len(agents)
    assert all(name is None or (len(name) <= 60 and name.isprintable()) for name in named)


def test_of_browsers_at_most_1_in_1000_is_taken_for_a_robot() -> None:
    """The corpus is fake-useragent's: what real browsers sent, by how many did."""
    lines = (files("fake_useragent") / "data/browsers.jsonl").read_text().splitlines()
    agents = [json.loads(line)["useragent"] for line in lines]
    taken = [agent for agent in agents if bot_named(agent)]
    assert len(agents) > 5000
    assert len(taken) <= 0.001 * len(agents), taken[:5]


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "Googlebot"),
        (
            {"user-agent": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://x)"},
            "GPTBot",
        ),
        ({"user-agent": "Claude-User (claude-code/2.1.86; +https://support.anthropic.com/)"}, "Claude-User"),
        ({"user-agent": "SomeNewbot/1.0 (spider)"}, "SomeNewbot"),
        ({"user-agent": f"{BROWSER} HeadlessChrome/140.0"}, "HeadlessChrome"),
        ({"user-agent": BROWSER, "sec-ch-ua": '"HeadlessChrome";v="140"'}, "HeadlessChrome"),
        ({"user-agent": " "}, "unnamed"),
        ({}, "unnamed"),
        ({"user-agent": BROWSER}, None),
        ({"user-agent": BROWSER + "x" * 100_000 + "Googlebot/"}, None),
    ],
)
def test_a_robot_has_a_name(headers: dict[str, str], name: str | None) -> None:
    assert bot_in(headers) == name


def test_a_robots_events_are_kept_under_its_name_and_measured_nowhere(tmp_path: Path) -> None:
    with running(settings_for(tmp_path)) as run:
        for agent in (BROWSER, "GPTBot/1.0"):
            with run.client(user_agent=agent) as client:
                assert run.send(event(), client=client).status_code == 204
        assert [row["bot"] for row in sorted(run.archived(), key=lambda row: row["bot"] or "")] == [None, "GPTBot"]
        assert run.collector.figures()["of_bots"] == 1
    found = opened(run.settings.env.archive_url, [])
    assert (found.events.count().execute(), found.bots) == (1, 1)


def test_a_measure_counts_robots_when_it_is_asked_to(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    agents = [(BROWSER, 1), ("GPTBot/1.0", 2)]
    with running(settings) as run:
        for agent, views in agents:
            with run.client(user_agent=agent) as client:
                assert run.send(*(event() for _ in range(views)), client=client).status_code == 204
        run.archived()
    for bots, views in ((False, 1), (True, 3)):
        (row,) = answer(settings, "reach", Question(bots=bots)).rows
        assert (row["touchpoint"], row["views"]) == ("blog/first", views)
