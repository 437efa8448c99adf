"""The touchpoint: one place where a reader meets the publisher, with an id that survives a change of address or title.

Knows words and rules; knows no file, no HTML and no Pelican object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from milepost.schema import FieldFault, FrontMatter, SliceSettings

_ID = re.compile(r"[a-z0-9._/-]{1,120}")
LEVELS = ("objective", "strategy", "function", "tactic")


class Settings(SliceSettings):
    """The settings of touchpoints, as `pelicanconf.py` names them."""

    plan: str = Field("plan.toml", alias="TOUCHPOINT_PLAN")
    """The plan's file, below PATH; a site may have none."""
    plan_public: bool = Field(True, alias="TOUCHPOINT_PLAN_PUBLIC")
    """Whether pages and manifest say what a page is for; a plan may be nobody else's business."""
    surfaces: dict[str, str] = Field(
        {"article": "blog", "doc": "docs", "page": "site"}, alias="TOUCHPOINT_SURFACES", min_length=1
    )
    """Where each kind of source is. Listings are where articles are, everything else where pages are."""

    def surface(self, kind: str) -> str:
        """The surface of a kind of source, or of pages for a kind that is not named."""
        return self.surfaces.get(kind, self.surfaces.get("page", "site"))


class Placement(NamedTuple):
    """What a touchpoint serves, as slugs of the plan."""

    objective: str | None = None
    strategy: str | None = None
    function: str | None = None
    tactic: str | None = None


NOWHERE = Placement()


@dataclass(frozen=True)
class Touchpoint:
    """One touchpoint. `topics` are slugs, the category first."""

    id: str
    surface: str
    kind: str
    topics: tuple[str, ...] = ()
    placement: Placement = NOWHERE

    @property
    def objective(self) -> str | None:
        return self.placement.objective

    @property
    def strategy(self) -> str | None:
        return self.placement.strategy

    @property
    def function(self) -> str | None:
        return self.placement.function

    @property
    def tactic(self) -> str | None:
        return self.placement.tactic


def _checked_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise FieldFault(
            f'"{value}" is no touchpoint', "write 1 to 120 of a-z, 0-9, '.', '_', '/' and '-'", "touchpoint"
        )
    return value


class Fields(FrontMatter):
    """What a source may say of its touchpoint, instead of what its slug and the plan say."""

    touchpoint: Annotated[str, AfterValidator(_checked_id)] | None = None
    """Its id, by default of surface and slug. Set it before a slug changes, and the page stays the same touchpoint."""
    objective: str | None = None
    strategy: str | None = None
    function: str | None = None
    tactic: str | None = None
    """What the page serves, by the slugs of the plan; wins over the plan's own rules."""


fields: dict[str, type[FrontMatter]] = {"article": Fields, "doc": Fields, "page": Fields}


def id_of(*parts: str) -> str:
    """An id of a surface and what names the page there; anything that an id may not hold becomes `-`."""
    joined = "/".join(part.strip("/") for part in parts if part.strip("/")).lower()
    return re.sub(r"[^a-z0-9._/-]+", "-", joined)[:120].rstrip("/")
