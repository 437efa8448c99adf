"""The nouns of collecting: tiers of consent, types of event, the event itself, and the slice's settings.

Knows no HTTP, no database and no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

from pydantic import Field, field_validator

from milepost.schema import SliceSettings

BROWSER_TYPES = (
    "view", "engage", "outbound", "download", "search", "not-found", "form", "signup", "comment", "helpful",
    "vitals", "convert",
)  # fmt: skip
OFFLINE_TYPES = ("order", "call", "licence", "post", "ticket")
EVENT_TYPES = BROWSER_TYPES + OFFLINE_TYPES

TOUCHPOINT_PATTERN = r"[a-z0-9._/-]{1,120}"


@dataclass(frozen=True)
class Counted:
    """The reader asked for nothing to be linked: feeds totals only."""

    name: ClassVar[str] = "counted"


@dataclass(frozen=True)
class Visited:
    """No answer to the notice: linked within one day by `visit`, 16 bytes whose salt is then destroyed."""

    visit: bytes
    name: ClassVar[str] = "visited"


@dataclass(frozen=True)
class Consented:
    """The reader said yes: linked by `person`, 22 characters, within the lookback."""

    person: str
    visit: bytes
    name: ClassVar[str] = "consented"


@dataclass(frozen=True)
class Known:
    """Consented, and subscribed, signed in or ordered: linked by `person` across devices and offline."""

    person: str
    name: ClassVar[str] = "known"


Tier: TypeAlias = Counted | Visited | Consented | Known
Linked: TypeAlias = Consented | Known
"""The tiers that journeys and attribution may take, and no other."""

TIERS: dict[str, type[Tier]] = {tier.name: tier for tier in (Counted, Visited, Consented, Known)}


class Event(NamedTuple):
    """One thing that happened at a touchpoint; who it belongs to is said by the request's tier."""

    id: bytes
    """16 bytes, a UUIDv7."""
    at: int
    """Microseconds since 1970, UTC."""
    type: str
    touchpoint: str
    goal: str | None = None
    value: float | None = None
    currency: str | None = None
    data: str | None = None
    """A JSON object, or None when there is nothing to say."""


class Told(NamedTuple):
    """One event that another system told of, and whose it is."""

    event: Event
    tier: str
    visit: bytes | None = None
    person: str | None = None
    bot: str | None = None


class Settings(SliceSettings):
    """The settings of journeys, as `pelicanconf.py` names them."""

    origins: tuple[str, ...] = Field((), alias="JOURNEY_ORIGINS")
    """Other origins whose pages may send events, such as `https://docs.example.com`."""
    cookie_domain: str = Field("", alias="JOURNEY_COOKIE_DOMAIN")
    """`Domain` of the consent cookie; empty keeps it to the site's own host."""
    lookback_days: int = Field(400, alias="JOURNEY_LOOKBACK_DAYS", gt=0)
    """How far back a journey is followed from what it led to, in days."""
    retention_months: int = Field(25, alias="JOURNEY_RETENTION", gt=0)
    """How many whole months events are kept after the one they happened in; then `milepost app` removes them."""

    @field_validator("origins")
    @classmethod
    def _each_is_an_origin(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            scheme, _, host = origin.partition("://")
            if scheme not in ("http", "https") or not host or "/" in host:
                raise ValueError(f'{origin!r} is no origin; say scheme and host only: "https://docs.example.com"')
        return tuple(origin.lower() for origin in origins)
