"""Visits without a cookie: what makes two requests one visit, and what is left of it the day after."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from milepost.journeys.visits import Salts, visit_key

DAY = date(2026, 1, 15)
SALT = bytes(32)


def test_a_key_is_one_readers() -> None:
    ours = visit_key(SALT, "http://a.example", "192.0.2.77", "Firefox")
    assert len(ours) == 16
    assert ours == visit_key(SALT, "http://a.example", "192.0.2.1", "Firefox")
    others = [
        visit_key(b"\1" * 32, "http://a.example", "192.0.2.77", "Firefox"),
        visit_key(SALT, "http://b.example", "192.0.2.77", "Firefox"),
        visit_key(SALT, "http://a.example", "192.0.3.77", "Firefox"),
        visit_key(SALT, "http://a.example", "192.0.2.77", "Chrome"),
        visit_key(SALT, "http://a.example", "192.0.2.77", "Firefox", "A" * 22),
    ]
    assert len({ours, *others}) == 6


def test_two_processes_share_the_salt_of_a_day(tmp_path: Path) -> None:
    assert Salts(tmp_path / "salts").of(DAY) == Salts(tmp_path / "salts").of(DAY)
    assert (tmp_path / "salts" / "2026-01-15").stat().st_mode & 0o777 == 0o600


def test_at_midnight_the_salt_of_the_day_is_destroyed(tmp_path: Path) -> None:
    salts = Salts(tmp_path)
    old = salts.of(DAY)
    new = salts.of(DAY + timedelta(days=1))
    assert old != new
    assert [path.name for path in tmp_path.iterdir()] == ["2026-01-16"]
    assert old not in (tmp_path / "2026-01-16").read_bytes()


def test_a_clock_set_back_does_not_bring_a_destroyed_salt_back(tmp_path: Path) -> None:
    salts = Salts(tmp_path)
    old = salts.of(DAY)
    salts.of(DAY + timedelta(days=1))
    assert salts.of(DAY) != old
