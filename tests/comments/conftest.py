"""The stand-in for Disqus, started once a file, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from disqus_standin import StandIn, running


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder: Path = tmp_path_factory.mktemp("standin")
    with running(folder) as standin:
        yield standin


@pytest.fixture
def standin(started: StandIn) -> StandIn:
    started.threads, started.posts, started.faults, started.asked = [], [], [], []
    started.remaining, started.reset, started.slow_seconds = 1000, 0, 1.0
    started.deleted_listed = started.moderators_only = False
    return started
