"""The schema: fields of several slices in one, and what is wrong with a source in words for its writer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BeforeValidator, Field, StringConstraints

from milepost.schema import FieldFault, FrontMatter, front_matter, nearest, validate
from milepost.sources import parse


def _even(value: object) -> object:
    if not str(value).endswith(("0", "2", "4", "6", "8")):
        raise FieldFault(f"{value} is odd", "take the next", "even")
    return value


class Fields(FrontMatter):
    title: Annotated[str, StringConstraints(min_length=1)]
    date: str | None = None
    order: int | None = Field(None, gt=0)
    even: Annotated[str, BeforeValidator(_even)] = "0"


def faults(text: str, **options: object) -> list[str]:
    _, found = validate(parse(Path("a.md"), "article", text), Fields, **options)  # type: ignore[arg-type]
    return [str(finding) for finding in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Title: a\n", []),
        ("Date: 2026\n", ['a.md:1: no "Title"; add "Title: …"']),
        ("Date: 2026\nTitle:\n", ['a.md:2: "Title" is empty; fill it in']),
        ("Titel: a\n", ['a.md:1: unknown field "Titel"; did you mean "Title"?']),
        ("Title: a\nqqqq: b\n", ['a.md:2: unknown field "qqqq"; take the line out']),
        ("Title: a\nORDER: first\n", ['a.md:2: "ORDER: first" is no whole number; write digits']),
        ("Title: a\nOrder: 0\n", ['a.md:2: "Order: 0": input should be greater than 0']),
        ("Title: a\nEven: 3\n", ["a.md:2: 3 is odd; take the next"]),
        ("Even: 3\n", ['a.md:1: no "Title"; add "Title: …"', "a.md:1: 3 is odd; take the next"]),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_its_place_and_its_remedy(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_what_this_file_must_have_can_come_from_elsewhere() -> None:
    assert faults("Title: a", required=("date",)) == ['a.md:1: no "Date"; add "Date: …"']
    assert faults("Title: a", required=("date",), defaults={"date": "2026", "unheard": "of"}) == []
    assert faults("Title: a\nDat: 2026", required=("date",)) == ['a.md:2: unknown field "Dat"; did you mean "Date"?']


def test_fields_of_the_sites_own_are_allowed_and_suggested() -> None:
    assert faults("Title: a\nMood: good", extra=("mood",)) == []
    assert faults("Title: a\nMoods: good", extra=("mood",)) == ['a.md:2: unknown field "Moods"; did you mean "Mood"?']


def test_the_schema_of_a_kind_is_that_of_the_enabled_slices_and_no_other() -> None:
    whole = front_matter("doc", ("writing", "docs"))
    assert {"title", "order"} <= set(whole.model_fields)
    assert "order" not in front_matter("doc", ("writing",)).model_fields
    assert set(front_matter("author", ("writing",)).model_fields) == set()


@pytest.mark.parametrize(
    ("name", "near"), [("titel", "title"), ("TITLE", "title"), ("tag", "tags"), ("zzz", None), ("", None)]
)
def test_the_nearest_name_is_close_or_none(name: str, near: str | None) -> None:
    assert nearest(name, ("title", "tags", "date")) == near
