"""Settings: read once, frozen, refused where they cannot be meant."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from milepost import settings
from milepost.errors import SettingsError
from sites import ROOT

CONF = (ROOT / "pelicanconf.py").read_text().replace('THEME = "theme"', 'THEME = "simple"')


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "pelicanconf.py"
    path.write_text(CONF)
    (tmp_path / "content").mkdir()
    return path


def test_the_projects_own_settings_load_and_are_frozen(conf: Path) -> None:
    loaded = settings.load(conf, {"SITEURL": "https://x.example/base/"}, {})
    assert (loaded.site.name, loaded.site.url, loaded.site.lang) == ("Milepost", "https://x.example/base", "en")
    assert loaded.site.content == conf.parent / "content"
    with pytest.raises(ValidationError, match="frozen"):
        loaded.site.name = "Other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('NEWSLETER_FROM = "a@b.example"', 'unknown setting "NEWSLETER_FROM"; did you mean "NEWSLETTER_FROM"?'),
        ('NEWSLETTER_FORM = "a@b.example"', 'unknown setting "NEWSLETTER_FORM"; did you mean "NEWSLETTER_FROM"?'),
        ('JOURNEY_ORIGIN = ["https://x.example"]', 'unknown setting "JOURNEY_ORIGIN"; did you mean "JOURNEY_ORIGINS"?'),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_nearest_name(conf: Path, line: str, message: str) -> None:
    conf.write_text(f"{CONF}{line}\n")
    with pytest.raises(SettingsError) as refused:
        settings.load(conf, environ={})
    assert str(refused.value) == f"{conf}:{CONF.count(chr(10)) + 1}: {message}"


def test_settings_of_others_are_nobodys_business(conf: Path) -> None:
    conf.write_text(f"{CONF}SITEMAP_FORMAT = 'xml'\nMY_OWN_THING = 1\n")
    assert settings.load(conf, environ={}).site.name == "Milepost"


def test_a_setting_of_the_wrong_type_names_its_line(conf: Path) -> None:
    conf.write_text(f"{CONF}JOURNEY_LOOKBACK_DAYS = 'long'\n")
    with pytest.raises(SettingsError, match=rf":{CONF.count(chr(10)) + 1}: JOURNEY_LOOKBACK_DAYS: .*integer"):
        settings.load(conf, environ={})


def test_a_settings_file_that_is_no_python_is_one_line(conf: Path) -> None:
    conf.write_text("SITENAME = \n")
    with pytest.raises(SettingsError, match="SyntaxError: invalid syntax"):
        settings.load(conf, environ={})


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    env = settings.environment({"MILEPOST_VAR": str(tmp_path / "var")})
    first = env.secret()
    assert len(first) >= 32
    assert env.secret() == first
    assert stat.S_IMODE((tmp_path / "var/secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret"]


def test_a_secret_from_the_environment_wins_and_writes_nothing(tmp_path: Path) -> None:
    env = settings.environment({"MILEPOST_VAR": str(tmp_path / "var"), "MILEPOST_SECRET": "given"})
    assert env.secret() == b"given"
    assert not (tmp_path / "var").exists()


def test_limits_are_on_or_off_and_nothing_else() -> None:
    with pytest.raises(SettingsError, match="say on or off"):
        settings.environment({"MILEPOST_LIMITS": "maybe"})
