"""What can be wrong with touchpoints before anything is built: the plan, ids given twice, places that are not in it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from milepost.errors import Finding
from milepost.schema import nearest
from milepost.settings import Settings
from milepost.sources import Sources
from milepost.touchpoints import model, placing, plan

RULES = {
    plan.RULE: "The plan names objectives and what serves them. An objective is SMART: it has a measure, a target and "
    "a date. Strategies, functions and tactics have a slug and a title.",
    "touchpoint": "A touchpoint's id is 1 to 120 of a-z, 0-9, '.', '_', '/' and '-', and no two pages have the same.",
    "placement": "A page says what it serves by the slugs of the plan. Where there is a plan, a page without a place "
    "in it is legal, but nobody will see what it was good for.",
}


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """Everything that is wrong with the plan, and with what `sources` say of their touchpoints."""
    ours = settings.of(model.Settings)
    path = settings.site.content / ours.plan
    found, faults = plan.read(path)
    faults += _one_id_twice(sources)
    if found.objectives or not path.exists():
        faults += _not_in_the_plan(sources, found)
    yield from faults
    if found.objectives and not faults:
        yield from _without_a_place(sources, settings, found, os.path.relpath(path))


def _one_id_twice(sources: Sources) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for source in sources.of_kind(*model.fields):
        given = source.get("touchpoint")
        if given and given in first:
            what = f'touchpoint "{given}" is that of {first[given]} too'
            yield Finding(source.name, source.line("touchpoint"), "touchpoint", what, "give one of them another")
        elif given:
            first[given] = source.name


def _not_in_the_plan(sources: Sources, found: plan.Plan) -> Iterator[Finding]:
    for source in sources.of_kind(*model.fields):
        given = placing.given(source)
        unknown = [(level, slug) for level, slug in zip(model.LEVELS, given, strict=True) if slug]
        unknown = [(level, slug) for level, slug in unknown if not found.has(level, slug)]
        for level, slug in unknown:
            near = nearest(slug, found.slugs(level))
            remedy = f'did you mean "{near}"?' if near else f"add it to the plan, or take the {level} out"
            yield Finding(source.name, source.line(level), "placement", f'the plan has no {level} "{slug}"', remedy)
        if not unknown and found.completed(given) is None:
            level = [level for level, slug in zip(model.LEVELS, given, strict=True) if slug][-1]
            what = f'the plan has no {level} "{source.get(level)}" below what else is named here'
            yield Finding(
                source.name, source.line(level), "placement", what, f"name the {level} alone, or mend the rest"
            )


def _without_a_place(sources: Sources, settings: Settings, found: plan.Plan, name: str) -> Iterator[Finding]:
    """One line for all of them: it is legal."""
    pages = placing.of_sources(sources, settings, found)
    left = [page.name for page in pages if page.placement == model.NOWHERE]
    if left:
        named = ", ".join(left[:3]) + (", …" if len(left) > 3 else "")
        what = f"{len(left)} of {len(pages)} sources have no place in the plan: {named}"
        remedy = 'add their paths to the "pages" of a tactic, or "Tactic: …" to them'
        yield Finding(name, 0, "placement", what, remedy, "warning")
