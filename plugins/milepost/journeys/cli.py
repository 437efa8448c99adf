"""Commands: journeys archive, report, measure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from milepost import options


class Format(StrEnum):
    """What a measure is printed as."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    journeys = typer.Typer(
        no_args_is_help=True,
        help="Measure the journeys that readers really take.",
        epilog="Example: milepost journeys archive",
    )
    journeys.command(epilog="Example: milepost journeys archive")(archive)
    journeys.command(epilog="Example: milepost journeys report --out /srv/report")(report)
    journeys.command(epilog="Example: milepost journeys measure reach --by surface --from 2026-01-01")(measure)
    cli.add_typer(journeys, name="journeys")


def archive(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Move collected events from the inbox into the archive: Parquet, by month."""
    from milepost.journeys.archive import archive_inboxes

    typer.echo(archive_inboxes(options.read(settings_file).env).summary())


def report(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    out: Annotated[Path | None, typer.Option(help="Folder to write to.", show_default="var/report")] = None,
    verbose: options.Verbose = False,
) -> None:
    """Archive what was collected, then write the report anew: static files that need no server."""
    import os
    from datetime import UTC

    from milepost.journeys.archive import archive_inboxes
    from milepost.journeys.questions import built_site
    from milepost.journeys.report import build

    settings = options.read(settings_file)
    typer.echo(archive_inboxes(settings.env).summary())
    folder = (out or settings.env.var / "report").absolute()
    build(settings, built_site(settings), folder, datetime.now(UTC))
    typer.echo(f"report in {os.path.relpath(folder / 'index.html')}")


def measure(
    name: Annotated[str, typer.Argument(help="The measure's name, see below.")],
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    by: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="touchpoint, surface, kind, topic, author, objective ...")
    ] = None,
    goal: Annotated[str | None, typer.Option(metavar="GOAL", help="Such as signup.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first day.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="The last day.")
    ] = None,
    tier: Annotated[str | None, typer.Option(metavar="TIER", help="Only counted, visited, consented or known.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="LEVEL=PLACE", help="Only what happened there, such as surface=docs; may be repeated."),
    ] = None,
    format: Annotated[Format, typer.Option(help="How it is printed.")] = Format.TABLE,
    verbose: options.Verbose = False,
) -> None:
    """Print one measure of what is archived. Days are those of the site's TIMEZONE.

    reach, paths (without a goal what came next, with one the paths that ended in it), attribution, time-to-convert,
    docs-and-blog, objectives, obstacles, onward.
    """
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from milepost.journeys.questions import Misuse, Question, answer

    settings = options.read(settings_file)
    zone = ZoneInfo(settings.site.timezone)
    start = since.replace(tzinfo=zone) if since else None
    end = (until + timedelta(days=1)).replace(tzinfo=zone) if until else None
    places = dict(level.partition("=")[::2] for level in only or ())
    if "" in places.values():
        raise Misuse("--only names a level and a place: --only surface=docs")
    found = answer(settings, name, Question(by, goal, start, end, tier, places))
    typer.echo({Format.TABLE: found.text, Format.JSON: found.json, Format.CSV: found.csv}[format](), nl=False)
