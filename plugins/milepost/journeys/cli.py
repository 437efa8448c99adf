"""Commands: journeys archive."""

from __future__ import annotations

import typer

from milepost import options


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    journeys = typer.Typer(
        no_args_is_help=True,
        help="Measure the journeys that readers really take.",
        epilog="Example: milepost journeys archive",
    )
    journeys.command(epilog="Example: milepost journeys archive")(archive)
    cli.add_typer(journeys, name="journeys")


def archive(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Move collected events from the inbox into the archive: Parquet, by month."""
    from milepost.journeys.archive import archive_inboxes

    typer.echo(archive_inboxes(options.read(settings_file).env).summary())
