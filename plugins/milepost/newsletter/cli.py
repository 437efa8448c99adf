"""Commands: newsletter issue, subscribers list; those of sending are in a file of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from milepost import options
from milepost.newsletter import preview_cli, sending_cli
from milepost.newsletter.opening import Format, Formatted, open_store


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    newsletter = typer.Typer(
        no_args_is_help=True,
        help="Make issues and send them, each mail once.",
        epilog="Example: milepost newsletter issue",
    )
    newsletter.command(epilog="Example: milepost newsletter issue")(issue)
    preview_cli.add_to(newsletter)
    sending_cli.add_to(newsletter)
    subscribers = typer.Typer(
        no_args_is_help=True, help="Who subscribes.", epilog="Example: milepost newsletter subscribers list"
    )
    subscribers.command("list", epilog="Example: milepost newsletter subscribers list --format json")(list_subscribers)
    newsletter.add_typer(subscribers, name="subscribers")
    cli.add_typer(newsletter, name="newsletter")


def issue(
    feed: Annotated[
        str | None, typer.Option(metavar="PATH|URL", help="A JSON Feed; by default that of the built site.")
    ] = None,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Make an issue of what is new in the site's feed, and print its id."""
    from datetime import UTC, datetime

    from milepost.newsletter.issue import feed_of, make_issue, read_feed

    settings = options.read(settings_file)
    items = read_feed(feed or str(feed_of(settings)))
    with open_store(settings) as engine, engine.begin() as connection:
        made = make_issue(connection, items, datetime.now(UTC))
    if made:
        typer.echo(made)
    else:
        typer.echo("nothing new since the last issue", err=True)


def list_subscribers(
    format: Formatted = Format.TEXT,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """List every subscriber and their state, by address."""
    import json

    from milepost import db
    from milepost.newsletter import store

    with open_store(options.read(settings_file)) as engine, db.reading(engine) as connection:
        rows = [
            {"address": row.address, "state": row.state, "since": row.changed_at.isoformat()}
            for row in store.all_subscribers(connection)
        ]
    if format is Format.JSON:
        typer.echo(json.dumps(rows, indent=1))
    else:
        lines = [f"{row['state']:<12}  {row['since'][:16]}  {row['address']}" for row in rows]
        typer.echo("\n".join(lines) or "nobody has subscribed yet")
