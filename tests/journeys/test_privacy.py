"""What a site says of its collecting follows its settings, and leaves out nothing that the wire takes."""

from __future__ import annotations

from bs4 import BeautifulSoup

from milepost.journeys.model import BROWSER_TYPES, TIERS, Settings
from milepost.journeys.privacy import HAPPENED, SAID, collected, fields_of


def test_every_type_and_field_of_the_wire_and_every_tier_is_told() -> None:
    page = BeautifulSoup(collected(Settings()), "html.parser")
    told = {
        row["data-sent"]: tuple(span["data-field"] for span in row.select("span")) for row in page.select("[data-sent]")
    }
    assert told == fields_of()
    assert (tuple(told), set(HAPPENED)) == (BROWSER_TYPES, set(BROWSER_TYPES))
    assert set(SAID) == {name for fields in told.values() for name in fields}
    assert [row["data-tier"] for row in page.select("[data-tier]")] == list(TIERS)


def test_settings_are_told_as_they_are() -> None:
    ours = Settings(JOURNEY_RETENTION=6, JOURNEY_ORIGINS=["https://docs.example"], JOURNEY_COOKIE_DOMAIN="a.example")
    text = BeautifulSoup(collected(ours), "html.parser").get_text()
    for said in ("for 6 months after", "pages of https://docs.example.", "lasts 395 days, shared with a.example"):
        assert said in text
    assert "docs.example" not in collected(Settings())
