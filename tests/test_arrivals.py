"""A link in a mail says which mail it is in, and nothing else of it changes."""

from __future__ import annotations

import pytest

from milepost.arrivals import link, touchpoint_of

MAIL = "newsletter/2026-11-24"


@pytest.mark.parametrize(
    ("url", "marked"),
    [
        ("https://site.example/a/", "https://site.example/a/?touchpoint=newsletter/2026-11-24"),
        ("https://site.example", "https://site.example?touchpoint=newsletter/2026-11-24"),
        ("https://site.example/a?b=1&c", "https://site.example/a?b=1&c&touchpoint=newsletter/2026-11-24"),
        ("https://site.example/a#part", "https://site.example/a?touchpoint=newsletter/2026-11-24#part"),
        (
            "https://site.example/?touchpoint=x&q=%C3%A4",
            "https://site.example/?q=%C3%A4&touchpoint=newsletter/2026-11-24",
        ),
    ],
)
def test_a_link_names_its_mail_and_keeps_the_rest(url: str, marked: str) -> None:
    assert link(url, MAIL) == marked
    assert link(marked, MAIL) == marked


def test_an_issue_has_a_touchpoint_that_the_script_takes() -> None:
    assert touchpoint_of("2026-11-24") == MAIL
    for id_ in ("", "a/b", "A", "x" * 81, "ä"):
        with pytest.raises(ValueError, match="names no issue"):
            touchpoint_of(id_)
