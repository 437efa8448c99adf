"""Every measure by its name, asked of the archive, answered as plain rows: what the command and the report show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import ibis.expr.types as ir

from milepost.errors import MilepostError
from milepost.journeys import model
from milepost.journeys.answers import Answer
from milepost.journeys.measures import attribution as of_attribution
from milepost.journeys.measures import paths as of_paths
from milepost.journeys.measures.conversions import conversions
from milepost.journeys.measures.docs_and_blog import docs_and_blog
from milepost.journeys.measures.events import LEVELS, Opened, opened, touchpoints_of
from milepost.journeys.measures.narrowed import narrowed
from milepost.journeys.measures.objectives import objectives
from milepost.journeys.measures.obstacles.ranked import obstacles
from milepost.journeys.measures.onward import onward
from milepost.journeys.measures.reach import reach, readings
from milepost.journeys.measures.tiers import LINKED, Rows, linked, rows_of_linked
from milepost.journeys.measures.time_to_convert import QUANTILES, time_to_convert
from milepost.journeys.model import Linked
from milepost.journeys.plan import objectives_of
from milepost.settings import Settings

CHAIN_LENGTH = 8
GOAL = "signup"
COLUMNS = {
    "attribution": ("model", "conversions", "value", "currency", "low", "high", "rank", "disputed"),
    "time-to-convert": ("what", "paths", "mean", *(f"p{q}" for q in QUANTILES)),
    "objectives": (
        "objective", "title", "measure", "target", "since", "by", "actual", "elapsed", "expected", "pace",
        "needed_a_day", "projected", "low", "high", "state",
    ),
    "obstacles": (
        "obstacle", "touchpoint", "what", "tries", "failed", "share", "downstream", "people", "examples",
        "definition", "remedy",
    ),
}  # fmt: skip
"""Of the measures that yield rows and no table; attribution's level comes before its own."""


class Misuse(MilepostError):
    """A question that cannot be asked so; says how it can."""

    exit_status = 2


@dataclass(frozen=True)
class Question:
    """What to measure: `by` a level, for a `goal`, from `start` up to `end` (aware), of one `tier` only, and `only`
    at these places, one for each of some levels."""

    by: str | None = None
    goal: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    tier: str | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    bots: bool = False
    """Whether robots count as readers do."""


def answer(settings: Settings, name: str, question: Question) -> Answer:
    """The table of one measure, as its definition says (see `measures/`).

    Raises:
        Misuse: there is no such measure, level, tier or goal, or no day from `start` to `end`.
        MilepostError: the archive or the list of touchpoints cannot be read.
    """
    if name not in ASKED:
        raise Misuse(f'no measure "{name}"; there are {_listed(ASKED)}')
    if question.tier and question.tier not in model.TIERS:
        raise Misuse(f'no tier "{question.tier}"; there are {_listed(model.TIERS)}')
    if wrong := [level for level in question.only if level not in LEVELS]:
        raise Misuse(f'cannot keep only some "{wrong[0]}"; say {_listed(LEVELS)}')
    if question.start and question.end and question.start >= question.end:
        raise Misuse("--from is after --to; swap them")
    return ASKED[name](settings, question)


def open_archive(
    settings: Settings,
    site: Path,
    start: datetime | None = None,
    end: datetime | None = None,
    with_bots: bool = False,
) -> Opened:
    """The archive, with what the site built in `site` says of its touchpoints."""
    env = settings.env
    return opened(env.archive_url, touchpoints_of(site), start, end, env.engine, with_bots)


def built_site(settings: Settings) -> Path:
    """The folder of the pages that were built last: for production, or for the preview."""
    folders = [settings.site.output, settings.env.var / "preview"]
    built = [folder for folder in folders if (folder / "touchpoints.json").exists()]
    return max(built, key=lambda folder: (folder / "touchpoints.json").stat().st_mtime, default=folders[0])


def answered(table: ir.Table) -> Answer:
    """A table as it is, in its order."""
    found = table.to_pyarrow()
    names = tuple(found.column_names)
    columns = [column.to_pylist() for column in found.columns]
    return Answer(names, [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])


def answered_chains(chains: ir.Table, goal: str) -> Answer:
    """The table of `paths.chains` with `path`, a list of touchpoints, in place of its columns, and the `goal`."""
    told = answered(chains)
    rest = [name for name in told.columns if not name.startswith("back_")]
    steps = [name for name in told.columns if name.startswith("back_")]
    rows = [
        {
            "path": [row[name] for name in steps if row[name] is not None],
            "goal": goal,
            **{name: row[name] for name in rest},
        }
        for row in told.rows
    ]
    return Answer(("path", "goal", *rest), rows)


def _reach(settings: Settings, question: Question) -> Answer:
    if question.goal:
        raise Misuse("reach has no --goal; ask paths or docs-and-blog")
    by = _level(question, LEVELS)
    found = open_archive(settings, built_site(settings), question.start, question.end, question.bots)
    return answered(reach(readings(_narrowed(found, question)), found.places, by))


def _paths(settings: Settings, question: Question) -> Answer:
    """With a goal the paths that ended in it, without one what came next across any silence."""
    if question.goal:
        if question.by not in (None, "touchpoint"):
            raise Misuse("paths to a --goal are told by touchpoint; leave --by out")
        _, walked = _walked(settings, question, question.goal)
        return answered_chains(of_paths.chains(walked.table, CHAIN_LENGTH), question.goal)
    by = _level(question, of_paths.SINGLE)
    found = open_archive(settings, built_site(settings), question.start, question.end, question.bots)
    return answered(of_paths.came_next(_trodden(found, question), found.places, by, "journey"))


def _docs_and_blog(settings: Settings, question: Question) -> Answer:
    if question.by:
        raise Misuse("docs-and-blog has no --by")
    found, walked = _walked(settings, question, question.goal or GOAL)
    return answered(docs_and_blog(walked.table, found.places))


def _attribution(settings: Settings, question: Question) -> Answer:
    by = _level(question, LEVELS)
    found, walked = _walked(settings, question, question.goal or GOAL)
    return Answer((by, *COLUMNS["attribution"]), of_attribution.attribution(walked, found.places, by))


def _time_to_convert(settings: Settings, question: Question) -> Answer:
    if question.by:
        raise Misuse("time-to-convert has no --by")
    found, walked = _walked(settings, question, question.goal or GOAL)
    return Answer(COLUMNS["time-to-convert"], time_to_convert(walked.table, found.places))


def _objectives(settings: Settings, question: Question) -> Answer:
    if question.by or question.start:
        raise Misuse("objectives have no --by and no --from: the plan says from when each counts")
    plan = [one for one in objectives_of(settings) if question.goal in (None, one.measure)]
    # Up to and with the day of --to; else up to now.
    now = min(question.end or datetime.now(UTC), datetime.now(UTC))
    found = open_archive(settings, built_site(settings), None, now, question.bots)
    rows = objectives(_narrowed(found, question), plan, now, settings.site.timezone)
    return Answer(COLUMNS["objectives"], rows)


def _obstacles(settings: Settings, question: Question) -> Answer:
    if question.by or question.goal:
        raise Misuse("obstacles have no --by and no --goal: they are told by touchpoint, for every goal")
    found = open_archive(settings, built_site(settings), question.start, question.end, question.bots)
    lookback_days = settings.of(model.Settings).lookback_days
    rows = obstacles(_narrowed(found, question), found.places, lookback_days=lookback_days)
    return Answer(COLUMNS["obstacles"], rows)


def _onward(settings: Settings, question: Question) -> Answer:
    if question.by or question.goal:
        raise Misuse("onward has no --by and no --goal; ask paths")
    found = open_archive(settings, built_site(settings), question.start, question.end, question.bots)
    return answered(onward(_trodden(found, question)))


ASKED: Mapping[str, Callable[[Settings, Question], Answer]] = {
    "reach": _reach,
    "paths": _paths,
    "docs-and-blog": _docs_and_blog,
    "attribution": _attribution,
    "time-to-convert": _time_to_convert,
    "objectives": _objectives,
    "obstacles": _obstacles,
    "onward": _onward,
}
"""The measures that can be asked for by name."""


def _walked(settings: Settings, question: Question, goal: str) -> tuple[Opened, Rows[Linked]]:
    """The paths to `goal` that end within the range; they reach back, so the archive is opened from its beginning."""
    found = open_archive(settings, built_site(settings), None, question.end, question.bots)
    known = [row["goal"] for row in answered(conversions(found.events)).rows]
    if known and goal not in known:
        raise Misuse(f'no conversion has the goal "{goal}"; there are {_listed(known)}')
    since = question.start.astimezone(UTC).replace(tzinfo=None) if question.start else None
    lookback_days = settings.of(model.Settings).lookback_days
    _refuse_unlinked(question)
    trodden = rows_of_linked(_narrowed(found, question)).then(of_paths.steps)
    return found, trodden.then(lambda steps: of_paths.paths(steps, goal, lookback_days, since))


def _narrowed(found: Opened, question: Question) -> ir.Table:
    return narrowed(found.events, found.places, question.only, question.tier)


def _trodden(found: Opened, question: Question) -> ir.Table:
    _refuse_unlinked(question)
    return of_paths.steps(linked(_narrowed(found, question)))


def _refuse_unlinked(question: Question) -> None:
    if question.tier and question.tier not in LINKED:
        raise Misuse(f"{question.tier} events are no journeys; paths are of {_listed(LINKED)} only")


def _level(question: Question, levels: Iterable[str]) -> str:
    by = question.by or "touchpoint"
    if by not in levels:
        raise Misuse(f'cannot count by "{by}"; say {_listed(levels)}')
    return by


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
