"""The plan: what serves which objective, and what is wrong with a plan, by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from milepost.touchpoints import plan
from milepost.touchpoints.model import NOWHERE, Located, Placement

WHOLE = """\
[[objective]]
slug = "signups"
title = "People who want to hear from us"
measure = "signup"
target = 500
from = 2026-09-01
by = 2027-06-30

  [[objective.strategy]]
  slug = "useful"
  title = "Be useful first"

    [[objective.strategy.function]]
    slug = "marketing"
    title = "Marketing"

      [[objective.strategy.function.tactic]]
      slug = "essays"
      title = "Essays"
      pages = ["articles/*"]

      [[objective.strategy.function.tactic]]
      slug = "launch"
      title = "The launch"
      pages = ["articles/launch-*", "articles/2026/launch.md"]

    [[objective.strategy.function]]
    slug = "docs"
    title = "Docs"

      [[objective.strategy.function.tactic]]
      slug = "tutorial"
      title = "Tutorial"
      pages = ["docs/first-post.md"]
"""
ESSAYS = Placement("signups", "useful", "marketing", "essays")
LAUNCH = Placement("signups", "useful", "marketing", "launch")
TUTORIAL = Placement("signups", "useful", "docs", "tutorial")


def read(tmp_path: Path, text: str) -> tuple[plan.Plan, list[tuple[int, str]]]:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    found, faults = plan.read(path)
    assert {fault.file.endswith("plan.toml") for fault in faults} <= {True}
    return found, [(fault.line, f"{fault.message}; {fault.remedy}".rstrip("; ")) for fault in faults]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("articles/a.md", ESSAYS),
        ("articles/deep/er/a.md", ESSAYS),
        ("articles/launch-day.md", LAUNCH),
        ("articles/2026/launch.md", LAUNCH),
        ("docs/first-post.md", TUTORIAL),
        ("docs/other.md", NOWHERE),
    ],
)
def test_the_most_specific_rule_places_a_page(tmp_path: Path, place: str, expected: Placement) -> None:
    found, faults = read(tmp_path, WHOLE)
    assert (found.placement(Located(place)), faults) == (expected, [])


@pytest.mark.parametrize(
    ("page", "tactic"),
    [
        (Located("articles/a.md", "article", "other", ("funnels",)), "by-tag"),
        (Located("articles/a.md", "article", "strategy", ("funnels",)), "by-two"),
        (Located("articles/a.md", "article", "other"), "by-path"),
        (Located("articles/this.md", "article", "strategy", ("funnels",)), "by-name"),
        (Located("notes/a.md", "article", "other"), "by-kind"),
        (Located("notes/a.md", "article", "news"), "by-category"),
        (Located("docs/a.md", "doc"), None),
    ],
)
def test_a_rule_may_ask_for_kind_category_and_tag_and_the_most_specific_wins(
    tmp_path: Path, page: Located, tactic: str | None
) -> None:
    rules = {
        "by-kind": '{ kind = "article" }', "by-path": '"articles/*"', "by-category": '{ category = "news" }',
        "by-tag": '{ tag = "funnels" }', "by-two": '{ kind = "article", category = "strategy" }',
        "by-name": '{ path = "articles/this.md" }',
    }  # fmt: skip
    head = WHOLE[: WHOLE.index("      [[objective.strategy.function.tactic]]")]
    tactics = (
        f'[[objective.strategy.function.tactic]]\nslug = "{slug}"\ntitle = "T"\npages = [{rule}]\n'
        for slug, rule in rules.items()
    )
    found, faults = read(tmp_path, head + "".join(tactics))
    assert (found.placement(page).tactic, faults) == (tactic, [])


def test_front_matter_wins_and_is_completed_from_the_plan(tmp_path: Path) -> None:
    found, _ = read(tmp_path, WHOLE)
    assert found.placement(Located("articles/a.md"), Placement(tactic="tutorial")) == TUTORIAL
    assert found.placement(Located("articles/a.md"), Placement(function="marketing")) == ESSAYS


def test_one_rule_among_several_is_chosen_by_what_the_front_matter_says(tmp_path: Path) -> None:
    found, _ = read(tmp_path, WHOLE)
    assert found.placement(Located("articles/launch-day.md"), Placement(tactic="essays")) == ESSAYS
    assert found.placement(Located("docs/other.md"), Placement(strategy="useful")) == Placement("signups", "useful")


def test_a_place_that_the_plan_does_not_have_is_said_as_it_was_given(tmp_path: Path) -> None:
    found, _ = read(tmp_path, WHOLE)
    wrong = Placement(function="docs", tactic="essays")
    assert found.completed(wrong) is None
    assert found.placement(Located("articles/a.md"), wrong) == wrong


def test_a_slug_twice_among_siblings_is_a_fault_and_elsewhere_is_none(tmp_path: Path) -> None:
    _, faults = read(tmp_path, WHOLE.replace('slug = "launch"', 'slug = "essays"'))
    assert faults == [(23, 'a second tactic "essays"; give it another slug')]
    _, none = read(tmp_path, WHOLE.replace('slug = "tutorial"', 'slug = "essays"'))
    assert none == []


def test_an_objective_that_is_over_before_it_begins_is_a_fault(tmp_path: Path) -> None:
    _, faults = read(tmp_path, WHOLE.replace("by = 2027-06-30", "by = 2026-08-01"))
    assert faults == [(7, 'objective "signups" is over before it begins; mend from or by')]


def test_a_site_without_a_plan_places_nothing(tmp_path: Path) -> None:
    found, faults = plan.read(tmp_path / "none.toml")
    assert (found.placement(Located("articles/a.md")), faults) == (NOWHERE, [])


@pytest.mark.parametrize(
    ("old", "new", "line", "fault"),
    [
        ('measure = "signup"\n', "", 1, 'objective "signups" has no measure; add measure = "signup"'),
        ("target = 500\n", "", 1, 'objective "signups" has no target; add target = 500'),
        ("by = 2027-06-30\n", "", 1, 'objective "signups" has no date; add by = 2027-06-30'),
        ("target = 500", "target = -5", 5, '"target" is -5; write a number above 0: target = 500'),
        ('slug = "useful"', 'slug = "Use ful"', 10, '"slug" is "Use ful"; write 1 to 60 of a-z, 0-9 and \'-\''),
        ('title = "Essays"', 'titel = "Essays"', 17, 'no "title"; add title = "…"'),
        ('title = "Docs"', 'title = "Docs"\n    page = []', 30, 'unknown key "page"; take it out'),
        ('pages = ["articles/*"]', 'pages = [{ tags = "x" }]', 20, 'unknown key "tags"; did you mean "tag"?'),
        (
            'pages = ["articles/*"]',
            "pages = [{}]",
            20,
            '"pages" is a table; write a list of path globs and of tables: pages = ["articles/*", { tag = "funnels" }]',
        ),
        ("target = 500", "target = ", 5, "no TOML: Invalid value; mend the line"),
    ],
)
def test_a_fault_names_its_line_and_what_to_do(tmp_path: Path, old: str, new: str, line: int, fault: str) -> None:
    found, faults = read(tmp_path, WHOLE.replace(old, new, 1))
    assert (line, fault) in faults
    assert found == plan.Plan()


def test_an_unknown_key_is_told_the_nearest(tmp_path: Path) -> None:
    _, faults = read(tmp_path, WHOLE.replace('title = "Essays"', 'titel = "Essays"', 1))
    assert (19, 'unknown key "titel"; did you mean "title"?') in faults


def test_an_objective_that_lacks_everything_is_told_so_in_one_line(tmp_path: Path) -> None:
    _, faults = read(tmp_path, '[[objective]]\nslug = "more-sales"\ntitle = "Get more sales"\n')
    assert faults == [
        (
            1,
            'objective "more-sales" has no measure, target and date; '
            'add measure = "signup", target = 500, by = 2027-06-30',
        )
    ]
