"""The plan: objectives, the strategies, functions and tactics that serve them, and the pages of each.

Reads `plan.toml`; every fault has the line where it stands. Knows no Pelican object.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from milepost.errors import Finding
from milepost.schema import nearest
from milepost.touchpoints.model import LEVELS, NOWHERE, Located, Placement
from milepost.touchpoints.rule import Rule

RULE = "plan"
_HEADER = re.compile(r"^\s*(\[{1,2})\s*([A-Za-z0-9_.-]+)\s*\]")
_AT = re.compile(r" \(at line (\d+), column \d+\)")

_REMEDIES = {
    "slug": "write 1 to 60 of a-z, 0-9 and '-'",
    "title": "write some words",
    "measure": 'name an event or a goal: measure = "signup"',
    "target": "write a number above 0: target = 500",
    "from": "write a date: from = 2026-09-01",
    "by": "write a date: by = 2027-06-30",
    "pages": 'write a list of path globs and of tables: pages = ["articles/*", { tag = "funnels" }]',
    "path": 'write a path glob: path = "articles/*"',
    "kind": 'write a kind: kind = "article"',
    "category": 'write the slug of a category: category = "strategy"',
    "tag": 'write the slug of a tag: tag = "funnels"',
}

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    slug: Slug
    title: Text


class Tactic(_Part):
    """What is published: the pages that one of the rules of `pages` names, a path glob or a table of conditions."""

    pages: tuple[Rule, ...] = ()


class Function(_Part):
    """Who carries it out: marketing, sales, docs, support."""

    tactic: tuple[Tactic, ...] = ()


class Strategy(_Part):
    """How the objective is to be reached."""

    function: tuple[Function, ...] = ()


class Objective(_Part):
    """What is to be true by when: SMART, so it has a measure, a target and a date."""

    measure: Text | None = None
    target: Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)] | None = None
    since: date | None = Field(None, alias="from")
    by: date | None = None
    strategy: tuple[Strategy, ...] = ()

    @property
    def missing(self) -> list[str]:
        """What a SMART objective has and this one lacks, in words."""
        named = {"measure": self.measure, "target": self.target, "date": self.by}
        return [name for name, value in named.items() if value is None]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: tuple[Objective, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A plan without faults. An empty one places nothing."""

    objectives: tuple[Objective, ...] = ()

    def placement(self, page: Located, given: Placement = NOWHERE) -> Placement:
        """What a page serves: as its front matter says, else by rule.

        The most specific rule that agrees with the front matter wins; of equals, the first. What no rule agrees with
        is completed upwards: who names a tactic need not name its objective.
        """
        matching = [
            (rule.specificity, found)
            for found, tactic in self.places()
            for rule in (tactic.pages if isinstance(tactic, Tactic) else ())
            if rule.matches(page) and _agrees(found, given)
        ]
        if matching:
            return max(matching, key=lambda rule: rule[0])[1]
        return self.completed(given) or given

    def completed(self, given: Placement) -> Placement | None:
        """The first place in the plan that is all that `given` says, and nothing below it; None where there is none."""
        if given == NOWHERE:
            return NOWHERE
        places = (found for found, _ in self.places() if _depth(found) == _depth(given))
        return next((found for found in places if _agrees(found, given)), None)

    def has(self, level: str, slug: str) -> bool:
        """Whether the plan has something of that level with that slug."""
        return slug in self.slugs(level)

    def slugs(self, level: str) -> set[str]:
        """Every slug of a level: `objective`, `strategy`, `function`, `tactic`."""
        found: list[Any] = list(self.objectives)
        for below in LEVELS[1 : LEVELS.index(level) + 1]:
            found = [part for above in found for part in getattr(above, below)]
        return {part.slug for part in found}

    def places(self) -> Iterator[tuple[Placement, Objective | Strategy | Function | Tactic]]:
        """Every place of every depth, and what is there, each above what is below it."""
        for objective in self.objectives:
            yield Placement(objective.slug), objective
            for strategy in objective.strategy:
                yield Placement(objective.slug, strategy.slug), strategy
                for function in strategy.function:
                    yield Placement(objective.slug, strategy.slug, function.slug), function
                    for tactic in function.tactic:
                        yield Placement(objective.slug, strategy.slug, function.slug, tactic.slug), tactic


def _depth(place: Placement) -> int:
    return max(number for number, slug in enumerate(place) if slug)


def _agrees(found: Placement, given: Placement) -> bool:
    return all(want is None or want == have for have, want in zip(found, given, strict=True))


def read(path: Path) -> tuple[Plan, list[Finding]]:
    """The plan at `path`, and what is wrong with it; with faults, or without a file, the plan is empty."""
    if not path.is_file():
        return Plan(), []
    name = os.path.relpath(path)
    try:
        text = path.read_text(encoding="utf-8")
        parsed = _File.model_validate(tomllib.loads(text))
    except UnicodeDecodeError:
        return Plan(), [Finding(name, 1, RULE, "is not UTF-8", "save the file as UTF-8")]
    except tomllib.TOMLDecodeError as error:
        where = _AT.search(str(error))
        what = _AT.sub("", str(error))
        return Plan(), [Finding(name, int(where[1]) if where else 1, RULE, f"no TOML: {what}", "mend the line")]
    except ValidationError as error:
        lines = _Lines(text)
        return Plan(), [_finding(name, dict(fault), lines) for fault in error.errors(include_url=False)]
    lines = _Lines(text)
    faults = [*_not_smart(name, parsed.objective, lines), *_twice(name, parsed.objective, lines)]
    return (Plan() if faults else Plan(parsed.objective)), faults


def _not_smart(name: str, objectives: tuple[Objective, ...], lines: _Lines) -> Iterator[Finding]:
    remedies = {"measure": 'measure = "signup"', "target": "target = 500", "date": "by = 2027-06-30"}
    for number, objective in enumerate(objectives):
        if objective.missing:
            *first, last = objective.missing
            what = f"{', '.join(first)} and {last}" if first else last
            remedy = "add " + ", ".join(remedies[missing] for missing in objective.missing)
            line = lines.of(("objective", number))
            yield Finding(name, line, RULE, f'objective "{objective.slug}" has no {what}', remedy)
        if objective.since and objective.by and objective.since >= objective.by:
            line = lines.of(("objective", number, "by"))
            yield Finding(name, line, RULE, f'objective "{objective.slug}" is over before it begins', "mend from or by")


def _twice(
    name: str, parts: tuple[Any, ...], lines: _Lines, above: tuple[Any, ...] = (), depth: int = 0
) -> Iterator[Finding]:
    """One slug of two parts of one whole. Elsewhere in the plan it may stand again: marketing serves many."""
    level, below = LEVELS[depth], LEVELS[depth + 1 :]
    seen: set[str] = set()
    for number, part in enumerate(parts):
        here = (*above, level, number)
        if part.slug in seen:
            line = lines.of((*here, "slug"))
            yield Finding(name, line, RULE, f'a second {level} "{part.slug}"', "give it another slug")
        seen.add(part.slug)
        if below:
            yield from _twice(name, getattr(part, below[0]), lines, here, depth + 1)


def _finding(name: str, fault: dict[str, Any], lines: _Lines) -> Finding:
    loc = tuple(fault["loc"])
    names = [step for step in loc if isinstance(step, str)]
    key = names[-1] if names else ""
    if fault["type"] == "missing":
        return Finding(name, lines.of(loc[:-1]), RULE, f'no "{key}"', f'add {key} = "…"')
    if fault["type"] == "extra_forbidden":
        near = nearest(key, _keys(loc))
        return Finding(
            name, lines.of(loc), RULE, f'unknown key "{key}"', f'did you mean "{near}"?' if near else "take it out"
        )
    remedy = _REMEDIES.get(key) or f"begin each with [[{'.'.join(names)}]]"
    return Finding(name, lines.of(loc), RULE, f'"{key}" is {_written(fault["input"])}', remedy)


def _written(value: Any) -> str:
    """A value as the plan has it, short enough for a line."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return json.dumps(value, ensure_ascii=False, default=str)[:80]


def _keys(loc: tuple[Any, ...]) -> set[str]:
    models: dict[str, type[BaseModel]] = {
        "objective": Objective, "strategy": Strategy, "function": Function, "tactic": Tactic, "pages": Rule,
    }  # fmt: skip
    tables = [step for step in loc[:-1] if step in models]
    model = models[tables[-1]] if tables else _File
    return {field.alias or name for name, field in model.model_fields.items()}


class _Lines:
    """Where in a TOML text of `[[a.b]]` tables each value stands; what is written otherwise is in line 1."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[Any, ...], int] = {}
        counts: dict[tuple[Any, ...], int] = {}
        table: tuple[Any, ...] = ()
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.match(line):
                table = self._table(header[2].split("."), counts, header[1] == "[[")
                self._found[table] = number
            elif key := re.match(r"^\s*([A-Za-z0-9_-]+)\s*=", line):
                self._found[(*table, key[1])] = number

    def _table(self, names: list[str], counts: dict[tuple[Any, ...], int], one_of_many: bool) -> tuple[Any, ...]:
        at: tuple[Any, ...] = ()
        for name in names[:-1]:
            at = (*at, name, counts.get((*at, name), 1) - 1)
        last = (*at, names[-1])
        if not one_of_many:
            return last
        counts[last] = counts.get(last, 0) + 1
        return (*last, counts[last] - 1)

    def of(self, loc: tuple[Any, ...]) -> int:
        """The line of a value, or of the nearest table around it."""
        for end in range(len(loc), 0, -1):
            for place in (loc[:end], (*loc[:end], 0)):
                if place in self._found:
                    return self._found[place]
        return 1
