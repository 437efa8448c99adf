"""When the preview looks: at once where the file system tells, and soon where it does not."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from milepost.preview import watch
from milepost.preview.watch import Looks, changed, named


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule is the same, and half as long to wait for."""
    monkeypatch.setattr(watch, "LOOK_SECONDS", 1.5)


async def looked(below: Path, beside: Path, write: Path | None) -> float:
    """Seconds until it is time to look, after the first look."""
    async with Looks([below], beside) as looks:
        await looks.next()
        began = time.monotonic()
        if write:
            write.write_text("x")
        await looks.next()
        return time.monotonic() - began


def test_an_event_is_looked_at_at_once(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    for written in (tmp_path / "content/a.md", tmp_path / "pelicanconf.py"):
        seconds = min(asyncio.run(looked(tmp_path / "content", tmp_path, written)) for _ in range(1))
        assert seconds < watch.LOOK_SECONDS


def test_where_nothing_can_be_watched_it_is_looked_all_the_same(tmp_path: Path) -> None:
    seconds = asyncio.run(looked(tmp_path / "gone", tmp_path / "gone too", None))
    assert watch.LOOK_SECONDS * 0.9 < seconds < watch.LOOK_SECONDS + 10


def test_what_is_new_gone_or_other_has_changed() -> None:
    before = {"same": (1, 1, 1), "other": (1, 1, 1), "moved in": (1, 1, 1), "gone": (1, 1, 1)}
    now = {"same": (1, 1, 1), "other": (1, 2, 1), "moved in": (1, 1, 2), "new": (1, 1, 1)}
    assert changed(before, now) == ["gone", "moved in", "new", "other"]
    assert named(["a", "b", "c"]) == "a, b, c"
    assert named(["a", "b", "c", "d"]) == "a, b, c and more"
