"""The nouns hold together, and the settings refuse what cannot be meant."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from milepost.journeys import model
from milepost.journeys.archive import Row
from milepost.journeys.columns import archive_schema


def test_every_tier_is_known_by_its_name() -> None:
    assert {name: set(tier.__dataclass_fields__) - {"name"} for name, tier in model.TIERS.items()} == {
        "counted": set(),
        "visited": {"visit"},
        "consented": {"person", "visit"},
        "known": {"person"},
    }


def test_only_who_consented_may_be_linked() -> None:
    assert set(get_args(model.Linked)) == {model.Consented, model.Known}


def test_a_row_of_the_archiver_is_the_schema() -> None:
    assert list(Row._fields) == archive_schema().names


@pytest.mark.parametrize("origin", ["docs.example.com", "https://docs.example.com/", "ftp://x.example", "https://"])
def test_an_origin_has_scheme_and_host_only(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        model.Settings(JOURNEY_ORIGINS=(origin,))


def test_an_origin_is_kept_in_lower_case() -> None:
    assert model.Settings(JOURNEY_ORIGINS=["https://Docs.Example.com"]).origins == ("https://docs.example.com",)
