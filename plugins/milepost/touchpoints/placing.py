"""Where the plan places each page: sources that are published, and pages that other tools have made. No Pelican."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from milepost import sources
from milepost.settings import Settings as Everything
from milepost.slugs import slugify
from milepost.sources import Source, Sources
from milepost.touchpoints import manifest
from milepost.touchpoints.model import LEVELS, NOWHERE, Located, Placement, Settings, fields
from milepost.touchpoints.plan import Objective, Plan

_UNPUBLISHED = ("draft", "skip")


class Page(NamedTuple):
    """A page by the name that its writer knows it by, and what it serves."""

    name: str
    placement: Placement


@dataclass(frozen=True)
class Placed:
    """A plan, and the pages of each of its places."""

    plan: Plan
    pages: Sequence[Page]
    at: Mapping[Placement, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[Placement, list[str]] = defaultdict(list)
        for page in self.pages:
            found[page.placement].append(page.name)
        object.__setattr__(self, "at", found)

    @property
    def nowhere(self) -> list[str]:
        """The names of the pages that the plan does not place."""
        return list(self.at.get(NOWHERE, []))

    def number(self, place: Placement) -> int:
        """How many pages serve a place, or what is below it."""
        depth = sum(slug is not None for slug in place)
        return sum(len(names) for other, names in self.at.items() if other[:depth] == place[:depth])

    def lacks(self, objective: Objective) -> list[str]:
        """What stands between an objective and being served: in words, empty when nothing does."""
        found = [f"no {name}" for name in objective.missing]
        found += [] if objective.since else ["no day to count from"]
        for place, part in self.plan.places():
            if place.objective != objective.slug:
                continue
            depth = sum(slug is not None for slug in place)
            if depth < len(LEVELS) and not getattr(part, LEVELS[depth]):
                found.append(f'no {LEVELS[depth]} for the {LEVELS[depth - 1]} "{part.slug}"')
            elif depth == len(LEVELS) and not self.at.get(place):
                found.append(f'no page for the tactic "{part.slug}"')
        return found


def given(source: Source) -> Placement:
    """What the front matter says of a placement."""
    return Placement(*(source.get(level) or None for level in LEVELS))


def located(source: Source, place: str, pelican: Mapping[str, object]) -> Located:
    """What rules may ask of a source; a category that Pelican takes from the folder or its settings included."""
    folder = source.path.parent.name if pelican.get("USE_FOLDER_AS_CATEGORY", True) else ""
    category = source.get("category") or folder or str(pelican.get("DEFAULT_CATEGORY", ""))
    tags = (slugify(tag, pelican, "TAG") for tag in (source.get("tags") or "").split(","))
    slug = slugify(category, pelican, "CATEGORY") if source.kind == "article" else ""
    return Located(place, source.kind, slug, tuple(filter(None, tags)))


def of_sources(found: Sources, settings: Everything, plan: Plan) -> list[Page]:
    """Every source that is published, and its placement."""
    return [
        Page(source.name, plan.placement(located(source, found.place(source), settings.pelican), given(source)))
        for source in found.of_kind(*fields)
        if (source.get("status") or "").lower() not in _UNPUBLISHED
    ]


def of_other_tools(settings: Everything, plan: Plan) -> list[Page]:
    """Every page of the manifests of other tools' sites, by its address, as the plan is now."""
    found = []
    for name in settings.of(Settings).manifests:
        path = settings.site.file.parent / name
        for row in manifest.read(path) if path.is_file() else ():
            place = urlsplit(row["url"]).path.lstrip("/")
            place += "index.html" if not place or place.endswith("/") else ""
            here = Located(place, str(row.get("kind", "")), "", tuple(map(str, row.get("topics", ()))))
            found.append(Page(row["url"], plan.placement(here)))
    return found


def of_site(settings: Everything, plan: Plan) -> Placed:
    """Everything that the plan may place, as it is now."""
    return Placed(plan, of_sources(sources.of_site(settings), settings, plan) + of_other_tools(settings, plan))
