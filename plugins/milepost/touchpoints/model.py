"""The touchpoint: one place where a reader meets the publisher, with an id that survives a change of address or title.

Knows words and rules; knows no file, no HTML and no Pelican object.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from milepost.schema import FieldFault, FrontMatter, SliceSettings

_MOST = 120
_ID = re.compile(rf"[a-z0-9._/-]{{1,{_MOST}}}")
LEVELS = ("objective", "strategy", "function", "tactic")


Surface = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{1,40}$")]


class Settings(SliceSettings):
    """The settings of touchpoints, as `pelicanconf.py` names them."""

    plan: str = Field("plan.toml", alias="TOUCHPOINT_PLAN")
    """The plan's file, below PATH; a site may have none."""
    plan_public: bool = Field(True, alias="TOUCHPOINT_PLAN_PUBLIC")
    """Whether pages and manifest say what a page is for; a plan may be nobody else's business."""
    surfaces: dict[str, Surface] = Field(
        {"article": "blog", "doc": "docs", "page": "site"}, alias="TOUCHPOINT_SURFACES", min_length=1
    )
    """Where each kind of source is. Listings are where articles are, everything else where pages are."""

    manifests: tuple[str, ...] = Field((), alias="TOUCHPOINT_MANIFESTS")
    """The `touchpoints.json` of other tools' sites that `milepost tag` has tagged, relative to the folder of the
    settings file: every build lists their touchpoints beside its own."""

    vitals: float = Field(0.0, alias="TOUCHPOINT_VITALS", ge=0, le=1)
    """Of which share of the pages that are opened the browser tells how fast they were (Web Vitals): 0.1 is one in
    ten. 0 loads nothing."""

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


class Located(NamedTuple):
    """What the plan's rules may ask of a page.

    `place` is the path of its source below the content folder, or of its address for a page that another tool made.
    """

    place: str
    kind: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()


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


def checked_id(value: str) -> str:
    """`value`, which is an id.

    Raises:
        FieldFault: when it is none.
    """
    if not _ID.fullmatch(value):
        raise FieldFault(
            f'"{value}" is no touchpoint', f"write 1 to {_MOST} of a-z, 0-9, '.', '_', '/' and '-'", "touchpoint"
        )
    return value


class Fields(FrontMatter):
    """What a source may say of its touchpoint, instead of what its slug and the plan say."""

    touchpoint: Annotated[str, AfterValidator(checked_id)] | None = None
    """Its id, by default of surface and slug. Set it before a slug changes, and the page stays the same touchpoint."""
    objective: str | None = None
    """The objective of the plan that the page serves, by its slug."""
    strategy: str | None = None
    """The strategy of the plan that the page serves, by its slug."""
    function: str | None = None
    """The function of the plan that the page serves, by its slug."""
    tactic: str | None = None
    """What the page serves, by the slugs of the plan; wins over the plan's own rules."""


fields: dict[str, type[FrontMatter]] = {"article": Fields, "doc": Fields, "page": Fields}


def id_of(*parts: str) -> str:
    """An id of a surface and what names the page there.

    What an id may not hold becomes `-`; letters beyond ASCII become their UTF-8 in hex, so that two words stay two.
    What would be too long ends in a digest of the whole.
    """
    joined = "/".join(part.strip("/") for part in parts if part.strip("/")).lower()
    spelt = "".join(char.encode().hex() if char.isalnum() and not char.isascii() else char for char in joined)
    made = re.sub(r"[^a-z0-9._/-]+", "-", spelt).rstrip("/")
    if len(made) <= _MOST:
        return made
    digest = hashlib.sha256(made.encode()).hexdigest()[:16]
    return f"{made[: _MOST - 17].rstrip('/')}-{digest}"
