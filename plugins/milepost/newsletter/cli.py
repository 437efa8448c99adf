"""Commands: newsletter issue; those of sending and of subscribers are in files of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from milepost import options
from milepost.newsletter import send_cli, sending_cli, subscribers_cli
from milepost.newsletter.opening import open_store


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    newsletter = typer.Typer(
        no_args_is_help=True,
        help="Make issues and send them, each mail once.",
        epilog="Example: milepost newsletter issue",
    )
    newsletter.command(epilog="Example: milepost newsletter issue")(issue)
    send_cli.add_to(newsletter)
    sending_cli.add_to(newsletter)
    subscribers_cli.add_to(newsletter)
    cli.add_typer(newsletter, name="newsletter")


def issue(
    feed: Annotated[
        str | None,
        typer.Option(metavar="PATH|URL", help="A JSON Feed; by default NEWSLETTER_FEED, or that of the built site."),
    ] = None,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Make an issue of what is new in the feed, for readers who get each post, and print its id.

    Digests are made by `milepost newsletter send`, when it is time for them.
    """
    from datetime import UTC, datetime

    from milepost.newsletter.drafts import make_issue
    from milepost.newsletter.issue import posts_of
    from milepost.newsletter.shell import built_topics

    settings = options.read(settings_file)
    items = posts_of(settings, feed)
    with open_store(settings) as engine, engine.begin() as connection:
        made = make_issue(connection, items, datetime.now(UTC), built_topics(settings))
    if made:
        typer.echo(made)
    else:
        typer.echo("nothing new since the last issue", err=True)
