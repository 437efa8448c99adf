"""The plan: objectives, the strategies, functions and tactics that serve them, and the pages of each.

Reads `plan.toml`; every fault has the line where it stands. Knows no Pelican object.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from milepost.errors import Finding
from milepost.schema import nearest
from milepost.touchpoints.model import LEVELS, NOWHERE, Placement

RULE = "plan"
_HEADER = re.compile(r"^\s*\[\[\s*([A-Za-z0-9_.-]+)\s*\]\]")
_AT = re.compile(r" \(at line (\d+), column \d+\)")

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    slug: Slug
    title: Text


class Tactic(_Part):
    """What is published: the sources that match one of `pages`, path globs below the content folder."""

    pages: tuple[Text, ...] = ()


class Function(_Part):
    """Who carries it out: marketing, sales, docs, support."""

    tactic: tuple[Tactic, ...] = ()


class Strategy(_Part):
    """How the objective is to be reached."""

    function: tuple[Function, ...] = ()


class Objective(_Part):
    """What is to be true by when: SMART, so it has a measure, a target and a date."""

    measure: Text | None = None
    target: Annotated[float, Field(gt=0)] | None = None
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

    def placement(self, place: str, given: Placement = NOWHERE) -> Placement:
        """What the source at `place` (below the content folder) serves: as its front matter says, else by rule.

        The most specific rule wins; of equals, the first. A front matter that names a tactic alone is completed.
        """
        if given != NOWHERE:
            return next((found for found, _ in self._rules() if _agrees(found, given)), given)
        matching = [(found, glob) for found, globs in self._rules() for glob in globs if fnmatchcase(place, glob)]
        return max(matching, key=lambda rule: _specificity(rule[1]), default=(NOWHERE, ""))[0]

    def has(self, level: str, slug: str) -> bool:
        """Whether the plan has something of that level with that slug."""
        return slug in self.slugs(level)

    def slugs(self, level: str) -> set[str]:
        """Every slug of a level: `objective`, `strategy`, `function`, `tactic`."""
        found: list[Any] = list(self.objectives)
        for below in LEVELS[1 : LEVELS.index(level) + 1]:
            found = [part for above in found for part in getattr(above, below)]
        return {part.slug for part in found}

    def _rules(self) -> Iterator[tuple[Placement, tuple[str, ...]]]:
        for objective in self.objectives:
            for strategy in objective.strategy:
                for function in strategy.function:
                    for tactic in function.tactic:
                        yield Placement(objective.slug, strategy.slug, function.slug, tactic.slug), tactic.pages


def _agrees(found: Placement, given: Placement) -> bool:
    return all(want is None or want == have for have, want in zip(found, given, strict=True))


def _specificity(glob: str) -> tuple[int, int]:
    """More literal characters before the first wildcard, then in all, is more specific."""
    return len(re.split(r"[*?\[]", glob)[0]), len(re.sub(r"[*?\[\]]", "", glob))


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
    faults = [*_incomplete(name, parsed.objective, text), *_twice(name, parsed.objective, text)]
    return (Plan() if faults else Plan(parsed.objective)), faults


def _incomplete(name: str, objectives: tuple[Objective, ...], text: str) -> Iterator[Finding]:
    remedies = {"measure": 'measure = "signup"', "target": "target = 500", "date": "by = 2027-06-30"}
    lines = _Lines(text)
    for number, objective in enumerate(objectives):
        if objective.missing:
            *first, last = objective.missing
            what = f"{', '.join(first)} and {last}" if first else last
            remedy = "add " + ", ".join(remedies[missing] for missing in objective.missing)
            line = lines.of(("objective", number))
            yield Finding(name, line, RULE, f'objective "{objective.slug}" has no {what}', remedy)


def _twice(name: str, objectives: tuple[Objective, ...], text: str) -> Iterator[Finding]:
    lines, seen = _Lines(text), set()
    for number, objective in enumerate(objectives):
        if objective.slug in seen:
            line = lines.of(("objective", number, "slug"))
            yield Finding(name, line, RULE, f'a second objective "{objective.slug}"', "give it another slug")
        seen.add(objective.slug)


def _finding(name: str, fault: dict[str, Any], lines: _Lines) -> Finding:
    loc = tuple(fault["loc"])
    key = str(loc[-1]) if loc else ""
    if fault["type"] == "missing":
        return Finding(name, lines.of(loc[:-1]), RULE, f'no "{key}"', f'add {key} = "…"')
    if fault["type"] == "extra_forbidden":
        near = nearest(key, _keys(loc))
        return Finding(
            name, lines.of(loc), RULE, f'unknown key "{key}"', f'did you mean "{near}"?' if near else "take it out"
        )
    return Finding(name, lines.of(loc), RULE, f'"{key}": {fault["msg"][:1].lower()}{fault["msg"][1:]}')


def _keys(loc: tuple[Any, ...]) -> set[str]:
    models: dict[str, type[BaseModel]] = {
        "objective": Objective, "strategy": Strategy, "function": Function, "tactic": Tactic,
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
                table = self._table(header[1].split("."), counts)
                self._found[table] = number
            elif key := re.match(r"^\s*([A-Za-z0-9_-]+)\s*=", line):
                self._found[(*table, key[1])] = number

    def _table(self, names: list[str], counts: dict[tuple[Any, ...], int]) -> tuple[Any, ...]:
        at: tuple[Any, ...] = ()
        for name in names[:-1]:
            at = (*at, name, counts.get((*at, name), 1) - 1)
        last = (*at, names[-1])
        counts[last] = counts.get(last, 0) + 1
        return (*last, counts[last] - 1)

    def of(self, loc: tuple[Any, ...]) -> int:
        """The line of a value, or of the nearest table around it."""
        while loc and loc not in self._found:
            loc = loc[:-1]
        return self._found.get(loc, 1)
