"""Who publishes, in the words that pages, feeds and search engines are told."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints, field_validator

from milepost.schema import SliceSettings

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class Organization(BaseModel):
    """The publisher. `url` and `logo` may be paths below SITEURL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str = ""
    url: str = ""
    logo: str | None = None


class Settings(SliceSettings):
    """The settings of reading, as `pelicanconf.py` names them."""

    tagline: str = Field("", alias="TAGLINE")
    """One sentence below the title of the home page."""
    onward: str = Field("content/onward.json", alias="ONWARD_FILE")
    """Where readers went on to, as `milepost journeys` writes it, relative to the folder of the settings file."""
    organization: Organization | None = Field(None, alias="ORGANIZATION")
    """Who publishes: `name`, and where there are any `description`, `url` and `logo`."""
    picture_widths: tuple[PositiveInt, ...] = Field(
        (320, 480, 640, 960, 1280, 1760), alias="PICTURE_WIDTHS", min_length=1
    )
    """In pixels, the widths that pictures are made in for browsers to choose from."""
    picture_sizes: str = Field("(min-width: 42rem) 38rem, calc(100vw - 2.5rem)", alias="PICTURE_SIZES")
    """How wide a picture within text is in the theme's layout, as the attribute `sizes` of HTML has it."""
    card_colours: tuple[Colour, Colour, Colour] = Field(("#0d3626", "#f4faf5", "#7ee2a8"), alias="CARD_COLOURS")
    """Ground, text and accent of the cards that others show of shared pages."""
    card_font: str = Field("", alias="CARD_FONT")
    """A font file for cards, below the content folder; Source Serif where it is empty."""

    @field_validator("picture_widths")
    @classmethod
    def _ascending(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(widths)))
