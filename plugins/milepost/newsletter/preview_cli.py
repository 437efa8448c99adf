"""Command: newsletter preview."""

from __future__ import annotations

from typing import Annotated

import typer

from milepost import options
from milepost.newsletter.opening import open_store


def add_to(newsletter: typer.Typer) -> None:
    """Add the command to `milepost newsletter`."""
    newsletter.command(epilog="Example: milepost newsletter preview 2026-01-31")(preview)


def preview(
    issue: Annotated[
        str | None, typer.Argument(help="The issue's id; by default what an issue would be that is made now.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port that `milepost serve` listens on.")] = 8000,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Print where a running `milepost serve` shows an issue: telephone and desk, light and dark, and as text."""
    import httpx

    from milepost import db
    from milepost.newsletter import ledger
    from milepost.newsletter.model import NewsletterError
    from milepost.newsletter.preview_service import ADDRESS, NEXT

    if issue:
        with open_store(options.read(settings_file)) as engine, db.reading(engine) as connection:
            ledger.issue_row(connection, issue)
    address = f"http://127.0.0.1:{port}{ADDRESS}{issue or NEXT}/"
    try:
        httpx.head(address, timeout=20)
    except httpx.TransportError as error:
        serve = "milepost serve" + (f" --port {port}" if port != 8000 else "")
        raise NewsletterError(f"nobody listens on port {port}; run `{serve}` in another terminal") from error
    typer.echo(address)
