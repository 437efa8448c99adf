"""`milepost new`: a file that says what can be in it, that passes the check, and that overwrites nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from milepost.schema import KINDS, front_matter
from milepost.settings import load
from milepost.slices import NAMES
from milepost.sources import parse
from milepost.writing.new import text_of
from sites import NO_ABOUT, Site

New = Callable[..., Site]
FILES = {
    "article": "content/articles/what-silence-means.md",
    "doc": "content/docs/what-silence-means.md",
    "page": "content/pages/what-silence-means.md",
    "author": "content/authors/what-silence-means.md",
    "issue": "content/issues/what-silence-means.md",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_said_to_be_for_something(kind: str) -> None:
    fields = front_matter(kind, NAMES).model_fields
    assert [name for name, field in fields.items() if not field.description] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_file_passes_the_check_and_builds(new_site: New, kind: str) -> None:
    site = new_site({"content/plan.toml": ""}, NO_ABOUT)
    made = site.milepost("new", kind, "What silence: means")
    assert (made.returncode, made.stdout, made.stderr) == (0, f"{FILES[kind]}\n", "")
    checked = site.milepost("check")
    draft = "" if kind in ("author", "issue") else f"draft             {FILES[kind]}\n"
    assert checked.stdout == f"1 file checked, nothing to mend\n{draft}"
    assert site.pelican().returncode == 0


def test_a_new_file_has_every_field_with_its_words(new_site: New) -> None:
    text = text_of(
        "article",
        "What\nsilence means",
        load(new_site({"content/plan.toml": ""}).settings_file),
        datetime(2026, 11, 24, 9, 5, tzinfo=UTC),
    )
    lines = text.splitlines()
    assert lines[1:7] == [
        "# What the page is called; everything else can be added later.",
        "Title: What silence means",
        "# When it is published, in the site's time zone: 2026-01-31 09:00. A date to come schedules it.",
        "Date: 2026-11-24 09:05",
        "# published, draft (only the preview shows it), hidden (published, listed nowhere) or skip.",
        "Status: draft",
    ]
    schema = set(front_matter("article", NAMES).model_fields) - {"modified", "author", "keywords", "url", "save_as"}
    named = {line.lstrip("#").partition(":")[0].lower() for line in lines if not line.startswith("# ") and ":" in line}
    assert named == schema
    source = parse(Path("x.md"), "article", text)
    assert (set(source.fields), source.body.strip()) == ({"title", "date", "status"}, "Write here.")


def test_nothing_is_overwritten_and_a_title_of_signs_is_refused(new_site: New) -> None:
    site = new_site({FILES["article"]: "Mine."})
    again = site.milepost("new", "article", "What silence means")
    assert (again.returncode, again.stderr) == (1, f"{FILES['article']}: is there already; choose another title\n")
    assert (site.root / FILES["article"]).read_text() == "Mine."
    signs = site.milepost("new", "page", "!?")
    assert (signs.returncode, signs.stderr) == (1, 'no name can be made of "!?"; use letters or digits\n')
    assert site.milepost("new", "poem", "X").returncode == 2


def test_the_check_says_what_is_due_when(new_site: New) -> None:
    def text(title: str, date: str) -> str:
        return f"Title: {title}\nDate: {date}\n\nText.\n"

    files = {
        "content/articles/a.md": text("A", "2999-03-01 09:00"),
        "content/articles/b.md": text("B", "2999-01-31 10:00+00:00"),
        "content/articles/c.md": "Status: draft\n" + text("C", "2026-01-01"),
        "content/articles/d.md": text("D", "2026-01-01"),
    }
    done = new_site(files, NO_ABOUT).milepost("check")
    assert done.stdout.splitlines() == [
        "4 files checked, nothing to mend",
        "due 2999-01-31 10:00  content/articles/b.md",
        "due 2999-03-01 09:00  content/articles/a.md",
        "draft             content/articles/c.md",
    ]
