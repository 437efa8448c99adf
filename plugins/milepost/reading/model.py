"""Who publishes, in the words that pages, feeds and search engines are told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from milepost.schema import SliceSettings


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
    onward: str = Field("content/onward.json", alias="ONWARD_FILE")
    """Where readers went on to, as `milepost journeys` writes it, relative to the folder of the settings file."""
    organization: Organization | None = Field(None, alias="ORGANIZATION")
