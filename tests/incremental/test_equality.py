"""Whatever has changed since the last build, the next one makes what a whole one would make, to the byte."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from changing import EVERY, Changes, new_site, tree
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from sites import Site

STEPS = 4
RUNS, LONG_STEPS = 5, 40
Change = Callable[[Changes, int], None]


def is_refused(site: Site, changes: Changes) -> bool:
    """Build both ways; whether both refused, with the same words. What they make is the same."""
    clean = site.root / "clean"
    some = site.milepost("build", env=changes.environ)
    whole = site.milepost("build", "--clean", "-o", str(clean), env=changes.environ)
    assert some.returncode == whole.returncode, some.stdout + some.stderr + whole.stderr
    if some.returncode:
        assert some.stderr.replace("output", "") == whole.stderr.replace("clean", "").replace("output", "")
        return True
    one, other = _told(site.output), _told(clean)
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []
    return False


def _told(folder: Path) -> dict[str, bytes]:
    """Every file by its path, but those of the search's index that say the same in one order or another.

    What a search answers stands in its fragments: each page with its text and its filters.
    """
    ordered = ("pagefind/filter/", "pagefind/pagefind-entry.json")
    files = tree(folder)
    return {name: files[name] for name in files if not name.startswith(ordered) and not name.endswith(".pf_meta")}


def run(steps: list[tuple[Change, int]]) -> None:
    """The changes, one after another; after each, both ways of building agree."""
    with tempfile.TemporaryDirectory() as folder:
        site = new_site(Path(folder, "site"))
        changes = Changes(site)
        assert not is_refused(site, changes)
        for change, choice in steps:
            note(f"{change.__name__}({choice})")
            change(changes, choice)
            is_refused(site, changes)


def series(length: int) -> st.SearchStrategy[list[tuple[Change, int]]]:
    return st.lists(st.tuples(st.sampled_from(EVERY), st.integers(0, 9999)), min_size=length, max_size=length)


# Without the phases that look for a smaller series: that takes as many builds again as there is patience for.
@settings(max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(series(STEPS))
def test_any_change_makes_what_a_whole_build_would(steps: list[tuple[Change, int]]) -> None:
    run(steps)


@pytest.mark.long
@settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(series(LONG_STEPS))
def test_any_long_series_of_changes_makes_what_a_whole_build_would(steps: list[tuple[Change, int]]) -> None:
    run(steps)
