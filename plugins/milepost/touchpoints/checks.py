"""What can be wrong with touchpoints before anything is built: the plan, ids given twice, places that are not in it."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.errors import Finding
from milepost.schema import nearest
from milepost.settings import Settings
from milepost.sources import Sources
from milepost.touchpoints import model, plan

RULES = {
    plan.RULE: "The plan names objectives and what serves them. An objective is SMART: it has a measure, a target and "
    "a date. Strategies, functions and tactics have a slug and a title.",
    "touchpoint": "A touchpoint's id is 1 to 120 of a-z, 0-9, '.', '_', '/' and '-', and no two pages have the same.",
    "placement": "A page says what it serves by the slugs of the plan.",
}


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """Everything that is wrong with the plan, and with what `sources` say of their touchpoints."""
    ours = settings.of(model.Settings)
    found, faults = plan.read(settings.site.content / ours.plan)
    yield from faults
    yield from _one_id_twice(sources)
    if not faults:
        yield from _not_in_the_plan(sources, found)


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
        for level in model.LEVELS:
            slug = source.get(level)
            if slug and not found.has(level, slug):
                near = nearest(slug, found.slugs(level))
                remedy = f'did you mean "{near}"?' if near else f"add it to the plan, or take the {level} out"
                what = f'the plan has no {level} "{slug}"'
                yield Finding(source.name, source.line(level), "placement", what, remedy)
