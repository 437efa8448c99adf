"""The command: journeys demo."""

from __future__ import annotations

from typing import Annotated

import typer

from milepost import options


def demo(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    people: Annotated[int, typer.Option(min=100, max=1_000_000, help="How many set out.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Another number, another year.")] = 1,
    verbose: options.Verbose = False,
) -> None:
    """Make a year of synthetic journeys through the site's own pages, and the report on it, to see what it can show.

    They are marked as synthetic wherever they are shown, and kept in `demo` below MILEPOST_VAR, apart from real ones.
    What was planted in them, which pages cause signups and which obstacles there are, is in `synthetic.json`.
    """
    import os
    from datetime import UTC, datetime

    from milepost.journeys.demo.state import make
    from milepost.journeys.questions import built_site
    from milepost.journeys.report import build
    from milepost.journeys.synthetic import MARK

    settings, now = options.read(settings_file), datetime.now(UTC)
    site = built_site(settings)
    made = make(settings, site, now, seed, people)
    folder, goals = made.settings.env.var, made.truth["goals"]
    report = folder / "report"
    build(made.settings, site, report, now)
    typer.echo(
        f"a year of synthetic journeys: {people:,} people, {made.events:,} events, {goals['signup']:,} signups, "
        f"{goals['order']:,} orders\n"
        f"{len(made.truth['causes'])} causes and {len(made.truth['obstacles'])} obstacles were planted: "
        f"{os.path.relpath(folder / 'archive' / MARK)}\n"
        f"report in {os.path.relpath(report / 'index.html')}; `make demo` serves it"
    )
