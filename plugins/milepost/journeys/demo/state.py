"""The demo's state: a folder of its own, with an archive like any other and its truth. Real state is never touched."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from milepost.build import replace_whole
from milepost.errors import MilepostError
from milepost.journeys import parquet, synthetic
from milepost.journeys.archive import only_archiver
from milepost.journeys.demo.chain import Chain, chain_of
from milepost.journeys.demo.rows import rows_of
from milepost.journeys.demo.walk import DAY, DAYS, ORDER, SIGNUP, Walk, walked
from milepost.journeys.measures.events import touchpoints_of
from milepost.journeys.wire import microseconds
from milepost.progress import bar
from milepost.settings import Settings

PEOPLE, SEED = 20_000, 1
FOLDER = "demo"


@dataclass(frozen=True)
class Made:
    """What was made: the settings under which to ask it, how many events, and the truth, as `synthetic.json` has it."""

    settings: Settings
    events: int
    truth: dict[str, Any]


def settings_of_demo(settings: Settings) -> Settings:
    """The same site with the demo's own state, `demo` below MILEPOST_VAR, whatever the environment names."""
    var = settings.env.var / FOLDER
    env = settings.env.model_copy(update={"var": var, "archive_url": str(var / "archive")})
    return settings.model_copy(update={"env": env})


def make(settings: Settings, site: Path, now: datetime, seed: int = SEED, people: int = PEOPLE) -> Made:
    """Make a year of journeys over the pages in `site`, up to the last midnight (UTC), in place of the last demo.

    Args:
        now: aware. The same seed, people, pages and day give the same events.
        people: how many set out, > 0; each is of one tier of consent, and meets about five touchpoints.
    Raises:
        MilepostError: `site` is not built or has too few pages, or another state is in the way.
    """
    demo = settings_of_demo(settings)
    archive = Path(demo.env.archive_url)
    if archive.exists() and any(archive.iterdir()) and not synthetic.is_synthetic(demo.env):
        raise MilepostError(f"{archive}: is an archive, and not a demo's; name another folder with MILEPOST_VAR")
    touchpoints = touchpoints_of(site)
    if not touchpoints:
        raise MilepostError(
            f"{site}: no touchpoints.json, and the demo is of the site's own pages; run `milepost build`"
        )
    chain = chain_of(touchpoints, seed)
    begin = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    fresh = archive.with_name(f".{archive.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    (demo.env.var / "inbox").mkdir(parents=True, exist_ok=True, mode=0o700)
    with bar("Synthetic journeys", 16) as step:
        walk = walked(chain, people, np.random.default_rng([seed, 2]))
        step()
        host = urlsplit(settings.site.url).netloc
        table = rows_of(chain, walk, microseconds(begin), host, np.random.default_rng([seed, 3]))
        step()
        months = pc.strftime(table["at"], "%Y-%m")
        for month in sorted(months.unique().to_pylist()):
            _write(fresh, month, table.filter(pc.equal(months, month)))
            step()
        truth = _truth(chain, walk, begin, seed)
        synthetic.mark(fresh, truth)
        with only_archiver(demo.env.var / "inbox" / "archiver.lock"):
            replace_whole(fresh, archive)
        step()
    return Made(demo, table.num_rows, truth)


def _write(folder: Path, month: str, table: pa.Table) -> None:
    name = f"month={month}/demo-1.parquet"
    parquet.write(table, folder / name)
    parquet.list_files(folder, [name])


def _truth(chain: Chain, walk: Walk, begin: datetime, seed: int) -> dict[str, Any]:
    """What is true by design, and what came of it this time: goals reached by everybody, whatever their tier."""
    return {
        "version": 1,
        "seed": seed,
        "people": int(walk.person[-1]) + 1,
        "first_day": begin.date().isoformat(),
        "last_day": (begin + timedelta(microseconds=DAYS * DAY - 1)).date().isoformat(),
        "goals": {"signup": int((walk.outcome == SIGNUP).sum()), "order": int((walk.outcome == ORDER).sum())},
        "causes": chain.plot.causes,
        "obstacles": [
            {"obstacle": one.kind, "touchpoint": one.touchpoint, "what": one.detail} for one in chain.plot.obstacles
        ],
        "rates": chain.rates(),
        "shares": chain.shares(),
        "returns": chain.returns(),
    }
