"""The weekly digest: its figures are those of its seven days, and it is printed or mailed."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup

from journeys import a_year
from milepost import cli
from milepost.journeys.digest import Digest, digest_of
from milepost.settings import Settings

NOW = datetime(2026, 5, 4, 7, tzinfo=UTC)
FIRST = date(2026, 4, 27)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return a_year.site_in(tmp_path_factory.mktemp("week"))


@pytest.fixture(scope="module")
def digest(settings: Settings) -> Digest:
    return digest_of(settings, settings.site.output, NOW)


def happened(first: date, *types: str) -> list[dict[str, Any]]:
    """The rows of these types in the seven days from `first`, in the site's zone, counted without any engine."""
    days = {first + timedelta(days=number) for number in range(7)}
    zone = ZoneInfo("Europe/Berlin")
    return [row for row in a_year.events() if row["type"] in types and row["at"].astimezone(zone).date() in days]


def test_its_figures_are_those_of_the_seven_days_and_of_the_seven_before(digest: Digest) -> None:
    assert (digest.first, digest.last) == (FIRST, date(2026, 5, 3))
    told = {one.name: (one.now, one.before) for one in digest.figures}
    weeks = (FIRST, FIRST - timedelta(days=7))
    people = [len({row["person"] for row in happened(first, "view") if row["person"]}) for first in weeks]
    assert told.pop("visits")[0] > 0
    assert told == {
        "views": tuple(len(happened(first, "view")) for first in weeks),
        "people": tuple(people),
        **{goal: tuple(len(happened(first, goal)) for first in weeks) for goal in ("signup", "order")},
    }
    views: dict[str, int] = {}
    for row in happened(FIRST, "view"):
        views[row["touchpoint"]] = views.get(row["touchpoint"], 0) + 1
    assert [count for _, count in digest.pages] == sorted(views.values(), reverse=True)[:5]


def test_text_and_html_say_the_same_and_the_mark(digest: Digest) -> None:
    text, page = digest.text(), BeautifulSoup(digest.html(), "lxml")
    said = " ".join(page.get_text(" ").split())
    assert text.startswith(f"SYNTHETIC. {a_year.NOTE}\n") and f"Synthetic. {a_year.NOTE}" in said
    assert digest.subject == "Synthetic: Journeys of the week to 3 May 2026: Milepost"
    (first, _) = digest.objectives
    for words in (
        "27 April 2026 to 3 May 2026", f"{first['actual']} of 200, {first['state']}.",
        f"{digest.returns} return", *(one["title"] for one in digest.obstacles), digest.pages[0][0].text,
    ):  # fmt: skip
        assert words in " ".join(text.split()), words
        assert words in said, words
    # Mail programs drop a stylesheet: every rule stands where it is meant for.
    assert len(page.select("[style]")) > 10 and not page.find_all(["script", "img", "link"])


def test_the_command_prints_it_or_hands_it_to_the_relay(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def run(*arguments: str) -> tuple[Any, str, str]:
        monkeypatch.setenv("MILEPOST_VAR", str(settings.env.var))
        monkeypatch.delenv("MILEPOST_SMTP_URL", raising=False)
        file = str(settings.site.file)
        monkeypatch.setattr(sys, "argv", ["milepost", "journeys", "digest", *arguments, "-s", file])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    status, out, _ = run()
    assert status == 0 and "WHAT STOOD IN THE WAY" in out
    status, out, err = run("--to", "ada@example.com")
    (kept,) = (settings.env.var / "outbox").iterdir()
    assert (status, out, err) == (0, f"to ada@example.com: 250 kept in the outbox as {kept.stem}\n", "")
    message = message_from_bytes(kept.read_bytes(), policy=default)
    assert (message["To"], message["Auto-Submitted"]) == ("ada@example.com", "auto-generated")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]  # type: ignore[union-attr]
