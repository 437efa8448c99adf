"""One post: how it is read, by tier, how far down, and where its readers come from and go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from measured import ADA, BOB, archive_of, event
from test_report import URLS, pages_with, settings_in
from typer.testing import CliRunner

from milepost.cli import cli
from milepost.journeys import synthetic
from milepost.journeys.post import meant
from milepost.journeys.questions import Misuse
from milepost.settings import Settings


def engaged(minutes: float, who: str | None, seconds: int, depth: int) -> dict[str, Any]:
    data = json.dumps({"seconds": seconds, "depth": depth})
    return event(minutes, who, "blog/funnel", "engage", data=data)


EVENTS = [
    event(0, ADA, "blog/maps"), event(1, ADA, "blog/funnel"), engaged(2, ADA, 60, 40), engaged(3, ADA, 30, 80),
    event(4, ADA, "docs/start"),
    event(0, BOB, "blog/funnel"), engaged(1, BOB, 10, 20), event(2, BOB, "docs/start"),
    event(0, "v", "blog/funnel"), engaged(1, "v", 20, 95), event(2, "v", "site/about"),
    event(0, "w", "blog/funnel"),
    event(0, None, "blog/funnel"), engaged(1, None, 5, 60), event(2, None, "blog/funnel", bot="Googlebot"),
]  # fmt: skip
TEXT = """\
No funnel
blog/funnel, http://127.0.0.1:8000/blog/funnel/

How it is read
tier       views  visits  people  time a view
counted        1       0       0  0:05
visited        2       2       0  0:10
consented      2       2       2  0:50
known          0       0       0  -
all            5       4       2  0:25

Where they stop
down to  of readers
25 %     75 %
50 %     75 %
75 %     50 %
90 %     25 %

Where readers come from
page                times  share
(their first page)      3  75 %
Maps                    1  25 %

Where they go
page             times  share
Start here           2  50 %
(left the site)      1  25 %
About us             1  25 %
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    found = settings_in(tmp_path / "site")
    pages_with(URLS, found)
    archive_of(Path(found.env.archive_url), EVENTS)
    monkeypatch.setenv("MILEPOST_VAR", str(found.env.var))
    monkeypatch.setenv("MILEPOST_SETTINGS", str(found.site.file))
    monkeypatch.chdir(found.site.file.parent)
    return found


def test_a_post_is_told_for_a_terminal_and_for_a_program(settings: Settings) -> None:
    told = CliRunner().invoke(cli, ["journeys", "post", "funnel"])
    assert (told.exit_code, told.stdout, told.stderr) == (0, TEXT, "")
    synthetic.mark(Path(settings.env.archive_url), {})
    told = CliRunner().invoke(cli, ["journeys", "post", "blog/funnel", "--format", "json"])
    assert (told.exit_code, told.stderr) == (0, f"{synthetic.NOTE}\n")
    row = json.loads(told.stdout)
    assert row["note"] == synthetic.NOTE
    assert [depth["share"] for depth in row["depths"]] == [0.75, 0.75, 0.5, 0.25]
    assert row["after"][0] == {
        "title": "Start here", "url": "http://127.0.0.1:8000/docs/start/", "times": 2, "share": 0.5,
    }  # fmt: skip


def test_a_post_that_nobody_read_says_so(settings: Settings) -> None:
    archive_of(Path(settings.env.archive_url), EVENTS[:1])
    told = CliRunner().invoke(cli, ["journeys", "post", "about"])
    assert told.stdout.splitlines()[-1].startswith(
        "nobody has read it, as far as is archived; `milepost journeys archive`"
    )


def test_a_touchpoint_is_meant_by_its_id_or_the_end_of_it() -> None:
    ids = ["blog/index", "docs/index", "blog/tag/maps", "docs/how-to/maps-and-more"]
    assert meant("docs/index", ids) == "docs/index"
    assert meant("/tag/maps/", ids) == "blog/tag/maps"
    with pytest.raises(Misuse, match="is the end of 2 touchpoints: blog/index, docs/index; give a whole one"):
        meant("index", ids)
    with pytest.raises(Misuse, match=r'no touchpoint "map"; did you mean "blog/tag/maps"\?'):
        meant("map", ids)
    with pytest.raises(Misuse, match=r"touchpoints\.json of the built site lists them"):
        meant("", ids)
