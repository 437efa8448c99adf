"""Measures on small hand-made journeys, read from Parquet as the archive writes it; whole tables compared."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from measured import ADA, BOB, CYD, START, archive_of, event, measured, rows_of

from milepost.errors import MilepostError
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.docs_and_blog import docs_and_blog
from milepost.journeys.measures.events import opened, touchpoints_of
from milepost.journeys.measures.paths import came_next, chains, paths, steps
from milepost.journeys.measures.reach import reach, readings, total
from milepost.journeys.measures.tiers import linked, readers, tiers
from milepost.journeys.measures.visits import visits

DAY = 24 * 60

EVENTS = [
    event(0, ADA, "blog/funnel"),
    event(1, ADA, "blog/funnel", "engage", data='{"seconds": 31.5, "depth": 80}'),
    event(2, ADA, "blog/funnel"),
    event(3, ADA, "docs/start"),
    event(4, ADA, "docs/start", "signup", tier="known"),
    event(40 * DAY, ADA, "blog/maps"),
    event(9, BOB, "gone/page"),
    event(0, "v", "blog/funnel"),
    event(5, "v", "blog/maps"),
    event(50, "v", "blog/maps"),
    event(10, "v", "blog/maps", bot="Googlebot"),
    event(7, None, "site/about"),
    event(8, None, "site/about", "signup"),
    event(8, None, "site/about", "engage", data='{"seconds": 4, "depth": 10}'),
    event(3, CYD, "blog/maps", "signup"),
]
"""Ada reads blog and docs, signs up, and is back 40 days later; Bob reads a page that is gone; Cyd signs up out of
nowhere; a visitor comes twice in a day; somebody counted signs up; a bot comes by."""


def journeys(events: Any) -> Any:
    return steps(linked(events))


def test_a_silence_of_30_minutes_goes_on_with_the_visit_and_a_longer_one_ends_it(tmp_path: Path) -> None:
    minutes = [0, 30, 60 + 1 / 60_000, 60 + 1 / 60_000, 90.1]
    found = measured(tmp_path, [event(minute, ADA, "blog/funnel") for minute in minutes])
    numbered = visits(linked(found.events)).order_by("at", "id").select("visit")
    assert rows_of(numbered) == [(0,), (0,), (1,), (1,), (2,)]


def test_views_count_from_every_tier_visits_from_visited_up_and_people_from_consented_up(tmp_path: Path) -> None:
    found = measured(tmp_path, EVENTS)
    assert found.bots == 1
    assert rows_of(total(readings(found.events))) == [(9, 5, 2, 35.5)]
    by_surface = reach(readings(found.events), found.places, "surface")
    assert by_surface.columns == ("surface", "views", "visits", "people", "engaged_seconds")
    assert rows_of(by_surface) == [
        ("blog", 6, 4, 1, 31.5),
        ("docs", 1, 1, 1, 0.0),
        ("gone", 1, 1, 1, 0.0),
        ("site", 1, 0, 0, 4.0),
    ]


@pytest.mark.parametrize(
    ("level", "rows"),
    [
        ("topic", [("journeys", 6, 4, 1, 31.5), ("(none)", 3, 2, 2, 4.0), ("sales", 3, 2, 1, 31.5)]),
        ("kind", [("article", 6, 4, 1, 31.5), ("(none)", 1, 1, 1, 0.0), ("doc", 1, 1, 1, 0.0), ("page", 1, 0, 0, 4.0)]),
        ("objective", [("(none)", 8, 5, 2, 31.5), ("trust", 1, 0, 0, 4.0)]),
    ],
)
def test_reach_at_a_level_counts_a_page_at_each_of_its_places(
    tmp_path: Path, level: str, rows: list[tuple[Any, ...]]
) -> None:
    found = measured(tmp_path, EVENTS)
    assert rows_of(reach(readings(found.events), found.places, level)) == rows


def test_a_range_takes_its_start_and_not_its_end(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, [event(0, ADA, "blog/maps"), event(40 * DAY, ADA, "docs/start")])
    first, last = START, START + timedelta(days=40)
    after = last + timedelta(microseconds=1)
    views = {
        (start, end): rows_of(total(readings(opened(archive, [], start, end).events)))[0][0]
        for start in (None, first, last)
        for end in (None, last, after)
    }
    assert views == {
        (None, None): 2, (None, last): 1, (None, after): 2,
        (first, None): 2, (first, last): 1, (first, after): 2,
        (last, None): 1, (last, last): 0, (last, after): 1,
    }  # fmt: skip


def test_engaged_time_that_is_no_number_is_none(tmp_path: Path) -> None:
    said = [None, "{}", "not json", '{"seconds": "9"}', '{"seconds": 1}', '{"seconds": 0.5}']
    found = measured(tmp_path, [event(0, None, "blog/maps", "engage", data=data) for data in said])
    assert rows_of(total(readings(found.events))) == [(0, 0, 0, 1.5)]


def test_each_tier_has_its_share_of_the_views(tmp_path: Path) -> None:
    assert rows_of(tiers(measured(tmp_path, EVENTS).events)) == [
        ("counted", 3, 1, 0.111111),
        ("visited", 3, 3, 0.333333),
        ("consented", 7, 5, 0.555556),
        ("known", 1, 0, 0.0),
    ]


def test_conversions_say_how_many_are_part_of_a_journey(tmp_path: Path) -> None:
    events = [
        *EVENTS,
        event(60, ADA, "site/about", "convert", goal="demo"),
        event(61, BOB, "site/about", "order", tier="known", goal="demo", value=9.5, currency="EUR"),
        event(62, BOB, "site/about", "order", tier="known", value=9.5, currency="EUR"),
    ]
    assert rows_of(conversions(measured(tmp_path, events).events)) == [
        ("signup", 3, 2, 2),
        ("demo", 2, 2, 2),
        ("order", 1, 1, 1),
    ]


TOUCH_CASES = {
    "repeated views in a visit are one touch": (
        [(0, "view", "a"), (1, "view", "a"), (2, "engage", "a"), (3, "view", "a")],
        [("a", None)],
    ),
    "another visit is another touch": ([(0, "view", "a"), (31, "view", "a")], [("a", None), ("a", None)]),
    "another page between ends the run": (
        [(0, "view", "a"), (1, "view", "b"), (2, "view", "a")],
        [("a", None), ("b", None), ("a", None)],
    ),
    "a conversion ends the run": (
        [(0, "view", "a"), (1, "signup", "a"), (2, "view", "a")],
        [("a", None), ("a", "signup"), ("a", None)],
    ),
    "an offline meeting is a touch, each time": (
        [(0, "call", "a"), (1, "call", "a"), (2, "view", "a")],
        [("a", None), ("a", None), ("a", None)],
    ),
}


@pytest.mark.parametrize(("given", "steps_"), TOUCH_CASES.values(), ids=TOUCH_CASES)
def test_touches(tmp_path: Path, given: list[tuple[float, str, str]], steps_: list[tuple[str, str | None]]) -> None:
    found = measured(tmp_path, [event(minutes, ADA, touchpoint, type) for minutes, type, touchpoint in given])
    assert rows_of(journeys(found.events).order_by("at", "id").select("touchpoint", "goal")) == steps_


def test_a_path_is_the_touches_between_two_conversions_of_its_goal(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        [
            event(0, ADA, "blog/funnel"),
            event(1, ADA, "blog/funnel", "convert", goal="demo"),
            event(2, ADA, "docs/start"),
            event(3, ADA, "docs/start", "signup"),
            event(4, ADA, "blog/maps"),
            event(0, BOB, "blog/maps"),
            event(3, CYD, "blog/maps", "signup"),
        ],
    )
    table = paths(journeys(found.events), "signup", 400)
    kept = table.select("reader", "path", "converted", "step", "back", "touchpoint").order_by("reader", "path", "step")
    assert rows_of(kept) == [
        (ADA, 0, True, 1, 2, "blog/funnel"),
        (ADA, 0, True, 2, 1, "docs/start"),
        (ADA, 1, False, 1, 1, "blog/maps"),
        (BOB, 0, False, 1, 1, "blog/maps"),
        (CYD, 0, True, 1, 1, "(none)"),
    ]


def test_the_lookback_counts_from_the_end_of_the_path_and_since_takes_whole_paths(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        [
            event(0, ADA, "blog/funnel"),
            event(1, ADA, "blog/maps"),
            event(10 * DAY + 1, ADA, "docs/start", "signup"),
            event(0, BOB, "blog/funnel"),
            event(11 * DAY, BOB, "docs/start"),
            event(0, CYD, "blog/funnel"),
            event(5, CYD, "blog/funnel", "signup"),
        ],
    )
    table = paths(journeys(found.events), "signup", 10)
    kept = table.select("reader", "converted", "touchpoint").order_by("reader")
    cyd = (CYD, True, "blog/funnel")
    assert rows_of(kept) == [(ADA, True, "blog/maps"), (BOB, False, "docs/start"), cyd]
    since = (START + timedelta(days=1)).replace(tzinfo=None)
    later = paths(journeys(found.events), "signup", 10, since).select("reader", "converted", "touchpoint")
    assert rows_of(later.order_by("reader")) == [(ADA, True, "blog/maps"), (BOB, False, "docs/start")]


def test_equal_paths_are_one_chain_and_long_ones_say_that_there_was_more_before(tmp_path: Path) -> None:
    way = ["blog/maps", "blog/funnel", "docs/start", "docs/start"]
    found = measured(
        tmp_path,
        [
            *(event(number, ADA, page) for number, page in enumerate(way)),
            event(4, ADA, "docs/start", "signup"),
            event(0, BOB, "blog/maps"),
            event(2 * DAY, BOB, "blog/funnel"),
            event(2 * DAY + 1, BOB, "docs/start"),
            event(2 * DAY + 2, BOB, "docs/start", "signup"),
            event(2 * DAY + 3, BOB, "docs/start", "signup"),
            event(0, CYD, "docs/start"),
        ],
    )
    table = chains(paths(journeys(found.events), "signup", 400), 2)
    assert table.columns == ("back_2", "back_1", "conversions", "people", "share", "visits", "days")
    mean_days = (4 / DAY + 2 + 2 / DAY) / 2
    assert rows_of(table) == [
        ("(earlier)", "docs/start", 2, 2, 0.666667, 1.5, round(mean_days, 6)),
        (None, "(none)", 1, 1, 0.333333, 1.0, 0.0),
    ]
    whole = chains(paths(journeys(found.events), "signup", 400), 3)
    assert rows_of(whole)[0][:4] == ("blog/maps", "blog/funnel", "docs/start", 2)


def test_docs_and_blog_always_has_all_its_rows(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        [
            event(0, ADA, "blog/maps"), event(1, ADA, "docs/start"), event(2, ADA, "docs/start", "signup"),
            event(3, ADA, "docs/start"), event(4, ADA, "blog/maps"),
            event(0, BOB, "blog/maps"), event(1, BOB, "site/about"), event(2, BOB, "site/about", "signup"),
            event(0, CYD, "site/about", "signup"),
        ],
    )  # fmt: skip
    table = docs_and_blog(paths(journeys(found.events), "signup", 400), found.places)
    assert table.columns == ("used", "first", "paths", "conversions", "rate", "share")
    assert rows_of(table) == [
        ("both", "blog", 1, 1, 1.0, 0.333333),
        ("both", "docs", 1, 0, 0.0, 0.0),
        ("blog", "blog", 1, 1, 1.0, 0.333333),
        ("docs", "docs", 0, 0, 0.0, 0.0),
        ("neither", "none", 1, 1, 1.0, 0.333333),
    ]


def test_what_came_next_within_a_visit_takes_visitors_and_across_silences_takes_persons_only(tmp_path: Path) -> None:
    found = measured(tmp_path, EVENTS)
    within = came_next(steps(readers(found.events)), found.places, "touchpoint", "visit")
    assert rows_of(within) == [
        ("blog/maps", "(left)", 3, 1.0, 1),
        ("(signup)", "(left)", 2, 1.0, 2),
        ("blog/funnel", "blog/maps", 1, 0.5, 0),
        ("blog/funnel", "docs/start", 1, 0.5, 1),
        ("docs/start", "(signup)", 1, 1.0, 1),
        ("gone/page", "(left)", 1, 1.0, 1),
    ]
    across = came_next(journeys(found.events), found.places, "surface", "journey")
    assert across.columns == ("surface", "next", "times", "share", "people")
    assert rows_of(across) == [
        ("(signup)", "(left)", 1, 0.5, 1),
        ("(signup)", "blog", 1, 0.5, 1),
        ("blog", "(left)", 1, 0.5, 1),
        ("blog", "docs", 1, 0.5, 1),
        ("docs", "(signup)", 1, 1.0, 1),
        ("gone", "(left)", 1, 1.0, 1),
    ]


def test_a_person_below_consented_is_never_linked(tmp_path: Path) -> None:
    wrong = [event(0, ADA, "blog/maps", tier="counted"), event(1, ADA, "blog/maps", tier="visited")]
    found = measured(tmp_path, wrong)
    assert rows_of(total(readings(found.events))) == [(2, 0, 0, 0.0)]
    assert rows_of(readers(found.events)) == []


def test_an_empty_archive_measures_nothing_and_fails_nowhere(tmp_path: Path) -> None:
    found = measured(tmp_path / "nowhere", [])
    trodden = journeys(found.events)
    walked = paths(trodden, "signup", 400)
    assert found.bots == 0
    assert rows_of(total(readings(found.events))) == [(0, 0, 0, 0.0)]
    assert [row[1:] for row in rows_of(tiers(found.events))] == [(0, 0, 0.0)] * 4
    assert [row[2:] for row in rows_of(docs_and_blog(walked, found.places))] == [(0, 0, 0.0, 0.0)] * 5
    empty = [
        reach(readings(found.events), found.places, "touchpoint"),
        conversions(found.events),
        chains(walked),
        came_next(trodden, found.places, "touchpoint", "visit"),
    ]
    assert [rows_of(table) for table in empty] == [[], [], [], []]


def test_an_engine_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MilepostError, match=r"^MILEPOST_ENGINE is 'spark://x'; say duckdb"):
        opened(str(tmp_path), [], engine="spark://x")


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"touchpoints": [{"url": "/"}]}', '{"touchpoints": [{"id": 1}]}'])
def test_a_list_of_touchpoints_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "touchpoints.json").write_text(text)
    with pytest.raises(MilepostError, match=r"touchpoints\.json: not a list of touchpoints; build the site again"):
        touchpoints_of(tmp_path)
    assert touchpoints_of(tmp_path / "not-built") == []
