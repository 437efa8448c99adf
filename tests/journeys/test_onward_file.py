"""`onward.json`: only what ten people did, in one piece, and never at the cost of what another state knew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from measured import archive_of, event
from test_report import settings_in
from typer.testing import CliRunner

from milepost.cli import cli
from milepost.errors import MilepostError
from milepost.journeys import onward_file, synthetic
from milepost.settings import Settings

PEOPLE = [f"{number:021d}A" for number in range(12)]


def walk(*people: str) -> list[dict[str, Any]]:
    """Each reads blog/funnel, then docs/start; the last but nine of them site/about as well."""
    return [
        *(event(minutes, who, page) for who in people for minutes, page in enumerate(("blog/funnel", "docs/start"))),
        *(event(2, who, "site/about") for who in people[:-9]),
        *(event(minutes, "v", page) for minutes, page in enumerate(("docs/start", "blog/maps"))),
    ]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "site")


def site_file(settings: Settings) -> Path:
    return settings.site.content / "onward.json"


def archived(settings: Settings, *people: str) -> None:
    archive_of(Path(settings.env.archive_url), walk(*people))


def test_ten_people_are_told_of_and_nine_are_not_and_nobody_is_in_it(settings: Settings) -> None:
    archived(settings, *PEOPLE[:9])
    assert onward_file.write(settings) == onward_file.Written(0, None)
    assert not site_file(settings).exists()
    archived(settings, *PEOPLE[:10])
    written = onward_file.write(settings)
    assert written == onward_file.Written(1, site_file(settings))
    assert written.summary().startswith("readers went on to: known for 1 page, in ")
    text = site_file(settings).read_text()
    assert json.loads(text) == {"version": 1, "from": {"blog/funnel": [{"to": "docs/start", "people": 10}]}}
    assert not any(person in text for person in PEOPLE)
    assert [path.name for path in settings.site.content.iterdir() if "onward" in path.name] == ["onward.json"]
    before = site_file(settings).stat()
    onward_file.write(settings)
    assert site_file(settings).stat() == before, "what says the same is no news for a build"


def test_when_one_of_ten_is_forgotten_nothing_is_said_of_the_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived(settings, *PEOPLE[:10])
    onward_file.write(settings)
    monkeypatch.setenv("MILEPOST_VAR", str(settings.env.var))
    done = CliRunner().invoke(cli, ["journeys", "forget", PEOPLE[3], "-s", str(settings.site.file)])
    assert done.exit_code == 0, done.output
    assert json.loads(site_file(settings).read_text()) == {"version": 1, "from": {}}


def test_an_archive_with_few_readers_takes_nothing_away(settings: Settings, tmp_path: Path) -> None:
    site_file(settings).write_text('{"version": 1, "from": {"blog/funnel": [{"to": "blog/maps", "people": 90}]}}')
    before = site_file(settings).read_bytes()
    archived(settings, *PEOPLE[:9])
    assert onward_file.write(settings).file is None
    assert site_file(settings).read_bytes() == before


def test_what_is_synthetic_stays_out_of_the_site(settings: Settings) -> None:
    archived(settings, *PEOPLE)
    synthetic.mark(Path(settings.env.archive_url), {})
    assert onward_file.write(settings) == onward_file.Written(1, None)
    assert not site_file(settings).exists()
    assert "blog/funnel" in (settings.env.var / "onward.json").read_text()


def test_a_place_that_cannot_be_written_to_is_named(settings: Settings) -> None:
    archived(settings, *PEOPLE)
    site_file(settings).mkdir()
    with pytest.raises(MilepostError, match=r"onward\.json: .*; name another file with ONWARD_FILE"):
        onward_file.write(settings)
