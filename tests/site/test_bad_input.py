"""Bad input: one clear line with its place, a non-zero exit, and nothing written. By `pelican` and by `milepost check`."""
# ruff: noqa: E501 - a case is a line, and so is what is said of it

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sites import Site, article, png

New = Callable[..., Site]
A, B = "content/articles/a.md", "content/articles/b.md"
PLAN = "content/plan.toml"
GOOD = article("Good", 1)
OBJECTIVE = """\
[[objective]]
slug = "more"
measure = "signup"
title = "More readers"
target = 500
by = 2027-06-30
"""
SOUND: dict[str, str | bytes] = {
    "content/articles/good.md": article("Sound", 2),
    "content/authors/ada.md": "Name: Ada Sample\n\nA sample.",
}


@dataclass(frozen=True)
class Case:
    """Files beside a sound article, and the one line that is to be said of them."""

    line: str
    files: dict[str, str | bytes] = field(default_factory=dict)
    conf: str = ""


CASES = {
    "a wrong date": Case(
        f'{A}:2: "31 Foo 2026" is no date; write it like 2026-01-31 09:00',
        {A: GOOD.replace("2026-01-01 09:00", "31 Foo 2026")},
    ),
    "an empty title": Case(f'{A}:1: "Title" is empty; fill it in', {A: GOOD.replace("Title: Good", "Title:")}),
    "a missing title": Case(f'{A}:1: no "Title"; add "Title: …"', {A: GOOD.replace("Title: Good\n", "")}),
    "an unknown field": Case(f'{A}:1: unknown field "Titel"; did you mean "Title"?', {A: GOOD.replace("Title", "Titel")}),
    "a field twice": Case(f'{A}:2: "Title" stands here and in line 1; keep one', {A: f"Title: Better\n{GOOD}"}),
    "an unknown status": Case(
        f'{A}:1: unknown status "drafd"; did you mean "draft"?', {A: f"Status: drafd\n{GOOD}"}
    ),
    "two files with one slug": Case(
        f'{B}:1: slug "good" is that of {A} too; give one of them another "Slug: …"', {A: GOOD, B: GOOD}
    ),
    "a dead link": Case(
        f"{A}:10: dead link {{filename}}gone.md: there is no articles/gone.md; mend the path, or add the file",
        {A: article("Good", 1, "Text.\n\n[x]({filename}gone.md)")},
    ),
    "a missing image": Case(
        f"{A}:8: image {{static}}/images/x.png is not there; add images/x.png to the content folder, or mend the path",
        {A: article("Good", 1, "![x]({static}/images/x.png)")},
    ),
    "an image without words": Case(
        f"{A}:8: image {{static}}/images/x.png says nothing to those who cannot see it; "
        "write ![what it shows]({static}/images/x.png), or add { .decorative } behind it",
        {A: article("Good", 1, "![]({static}/images/x.png)"), "content/images/x.png": png(2, 2)},
    ),
    "an author's file without a name": Case(
        'content/authors/sample.md:1: no "Name"; add "Name: …"', {"content/authors/sample.md": "Role: Sample\n\nHello."}
    ),
    "an author's file with a broken link": Case(
        'content/authors/sample.md:2: link "https://x.example" has no label; write "Label https://address", several with ; between them',
        {"content/authors/sample.md": "Name: Sample\nLinks: https://x.example\n\nHello."},
    ),
    "two author files of one name": Case(
        'content/authors/b.md:1: "Ada Sample" has a file already: content/authors/ada.md; make them one',
        {"content/authors/b.md": "Name: Ada Sample\n"},
    ),
    "a doc with an unknown field": Case(
        'content/docs/index.md:2: unknown field "Ordre"; did you mean "Order"?',
        {"content/docs/index.md": "Title: Docs\nOrdre: 1\n"},
    ),
    "a plan that is no TOML": Case(
        f"{PLAN}:3: no TOML: Invalid value; mend the line", {PLAN: OBJECTIVE.replace('"signup"', "signup")}
    ),
    "an objective without a measure": Case(
        f'{PLAN}:1: objective "more" has no measure; add measure = "signup"', {PLAN: OBJECTIVE.replace('measure = "signup"\n', "")}
    ),
    "an objective without a target": Case(
        f'{PLAN}:1: objective "more" has no target; add target = 500', {PLAN: OBJECTIVE.replace("target = 500\n", "")}
    ),
    "an objective without a date": Case(
        f'{PLAN}:1: objective "more" has no date; add by = 2027-06-30', {PLAN: OBJECTIVE.replace("by = 2027-06-30\n", "")}
    ),
    "an objective without any of them": Case(
        f'{PLAN}:1: objective "more" has no measure, target and date; add measure = "signup", target = 500, by = 2027-06-30',
        {PLAN: '[[objective]]\nslug = "more"\ntitle = "More readers"\n'},
    ),
    "a misspelt key of the plan": Case(
        f'{PLAN}:4: unknown key "mesure"; did you mean "measure"?',
        {PLAN: OBJECTIVE.replace('measure = "signup"', 'measure = "signup"\nmesure = "view"')},
    ),
    "a place that is not in the plan": Case(
        f'{A}:1: the plan has no objective "moer"; did you mean "more"?', {PLAN: OBJECTIVE, A: f"Objective: moer\n{GOOD}"}
    ),
    "one touchpoint of two files": Case(
        f'{B}:1: touchpoint "blog/x" is that of {A} too; give one of them another',
        {A: f"Touchpoint: blog/x\n{GOOD}", B: f"Touchpoint: blog/x\n{article('Better', 3)}"},
    ),
    "a file that is no text": Case(f"{A}:1: byte 0xe9 is not UTF-8; save the file as UTF-8", {A: b"Title: caf\xe9\n"}),
    "a misspelt setting": Case(
        'pelicanconf.py:{last}: unknown setting "AUTHORS_PAHT"; did you mean "AUTHORS_PATH"?',
        conf='AUTHORS_PAHT = "people"',
    ),
    "a setting of the wrong kind": Case(
        "pelicanconf.py:{last}: JOURNEY_LOOKBACK_DAYS: Input should be a valid integer, unable to parse string as an integer",
        conf="JOURNEY_LOOKBACK_DAYS = 'long'",
    ),
}  # fmt: skip


def both(site: Site) -> tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]:
    """`pelican` and `milepost check` at one time."""
    with ThreadPoolExecutor(2) as pool:
        built, checked = pool.submit(site.pelican), pool.submit(site.milepost, "check")
        return built.result(), checked.result()


def files_of(site: Site) -> set[Path]:
    """Every file and folder but Python's own and the state, where the check keeps what it has found."""
    apart = {"__pycache__", "var"}
    return {path for path in site.root.rglob("*") if not apart & set(path.relative_to(site.root).parts)}


# Of these one file is all there is, or the rest of the site is not looked at; others are tried together always, and
# each alone with the long tests.
ALONE = ("a plan that is no TOML", "an objective without a measure", "a misspelt setting", "a dead link")
TOGETHER = {name: case for name, case in CASES.items() if not case.conf and PLAN not in case.files}


def numbered(text: str, number: int) -> str:
    """With files, titles and touchpoints that no other case has."""
    for old, new in (
        ("content/articles/", f"content/articles/{number:02}-"), ("authors/sample", f"authors/{number:02}-sample"),
        ("authors/b.md", f"authors/b{number:02}.md"), ("Title: Good", f"Title: Good {number}"),
        ('slug "good"', f'slug "good-{number}"'), ("Title: Better", f"Title: Better {number}"), ("blog/x", f"blog/x{number}"),
        ("images/x.png", f"images/x{number}.png"),
    ):  # fmt: skip
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name, marks=[pytest.mark.long] * (name not in ALONE)) for name, case in CASES.items()],
)
def test_it_is_one_line_and_a_failure_and_nothing_is_written(new_site: New, case: Case) -> None:
    site = new_site({**SOUND, **case.files}, case.conf)
    last = len(site.settings_file.read_text().splitlines())
    expected = case.line.replace("{last}", str(last))
    before = files_of(site)
    built, checked = both(site)
    said = {
        name: (done.stdout + done.stderr).strip().replace(f"{site.root}/", "").splitlines()
        for name, done in (("pelican", built), ("milepost check", checked))
    }
    assert said == {"pelican": [expected], "milepost check": [expected]}
    assert built.returncode == 1
    assert checked.returncode in (1, 2)
    assert files_of(site) == before


def test_all_faults_of_all_files_are_told_at_once(new_site: New) -> None:
    """Each by the line that it has alone, in one order, and nothing else is said."""
    files: dict[str, str | bytes] = {
        PLAN: OBJECTIVE.replace('measure = "signup"', 'measure = "signup"\nmesure = "view"')
    }
    expected = {CASES["a misspelt key of the plan"].line}
    for number, case in enumerate(TOGETHER.values()):
        for path, text in case.files.items():
            files[numbered(path, number)] = numbered(text, number) if isinstance(text, str) else text
        expected.add(numbered(case.line, number))
    site = new_site({**SOUND, **files})
    site.settings_file  # noqa: B018  written when asked for
    before = files_of(site)
    built, checked = both(site)
    said = [(done.stdout + done.stderr).strip().splitlines() for done in (built, checked)]
    assert [sorted(lines) for lines in said] == [sorted(expected)] * 2
    assert said[0] == said[1]
    assert (built.returncode, checked.returncode) == (1, 1)
    assert files_of(site) == before


def test_what_was_published_before_is_not_touched(new_site: New) -> None:
    site = new_site(SOUND, "PLUGINS = ['milepost.writing', 'milepost.authors', 'milepost.docs']\nTHEME = 'simple'")
    assert site.pelican().returncode == 0
    before = {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()}
    site.write({A: GOOD.replace("Title", "Titel")})
    assert site.pelican().returncode == 1
    assert {path: path.read_bytes() for path in site.output.rglob("*") if path.is_file()} == before
