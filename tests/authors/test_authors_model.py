"""The fields of an author's file."""
# ruff: noqa: E501 - a case is a line

from __future__ import annotations

from pathlib import Path

import pytest

from milepost.authors.model import Fields
from milepost.schema import validate
from milepost.sources import parse


def read(text: str) -> tuple[Fields | None, list[str]]:
    fields, faults = validate(parse(Path("x.md"), "author", text), Fields)
    assert fields is None or isinstance(fields, Fields)
    return fields, [str(fault) for fault in faults]


def test_a_whole_file() -> None:
    fields, faults = read(
        "Name: Ada Sample\nSlug: ada\nRole: Editor\nOrganisation: Milepost\nPhoto: {static}/images/ada.png\n"
        "Links: Home page https://ada.example/; Mail mailto:ada@x.example\n    Code https://code.example/ada\n"
    )
    assert faults == []
    assert fields == Fields(
        name="Ada Sample",
        slug="ada",
        role="Editor",
        organisation="Milepost",
        photo="images/ada.png",
        links=(
            ("Home page", "https://ada.example/"),
            ("Mail", "mailto:ada@x.example"),
            ("Code", "https://code.example/ada"),
        ),
    )


HOW = 'write "Label https://address", several with ; between them'
FAULTS = {
    "no name": ("Role: Editor\n", 'x.md:1: no "Name"; add "Name: …"'),
    "an empty name": ("Role: Editor\nName:\n", 'x.md:2: "Name" is empty; fill it in'),
    "an unknown field": ("Name: A\nTitel: Dr\n", 'x.md:2: unknown field "Titel"; take the line out'),
    "a field nearly known": ("Name: A\nOrganization: B\n", 'x.md:2: unknown field "Organization"; did you mean "Organisation"?'),
    "a link without a label": ("Name: A\nLinks: https://x.example\n", f'x.md:2: link "https://x.example" has no label; {HOW}'),
    "a link without an address": ("Name: A\nLinks: Home\n", f'x.md:2: link "Home" has no address; {HOW}'),
    "a link to a script": ("Name: A\nLinks: Home javascript:alert(1)\n", f'x.md:2: link "Home javascript:alert(1)": javascript:alert(1) is no https:, http: or mailto: address; {HOW}'),
    "a link that is broken": ("Name: A\nLinks: Home https://[x\n", f'x.md:2: link "Home https://[x": https://[x is no https:, http: or mailto: address; {HOW}'),
    "a slug with spaces": ("Name: A\nSlug: A b\n", 'x.md:2: "A b" is no slug; write it of a-z, 0-9 and single hyphens, like ada-sample'),
    "a photo from elsewhere": ("Name: A\nPhoto: https://x.example/a.png\n", 'x.md:2: photo "https://x.example/a.png" is no path below the content folder; write it like images/name.jpg'),
    "a photo out of the folder": ("Name: A\nPhoto: ../a.png\n", 'x.md:2: photo "../a.png" is no path below the content folder; write it like images/name.jpg'),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_one_line(text: str, line: str) -> None:
    assert read(text) == (None, [line])
