"""Commands: newsletter issue; those of sending and of subscribers are in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from milepost import options
from milepost.newsletter import preview_cli, send_cli, sending_cli, subscribers_cli
from milepost.newsletter.opening import open_store

if TYPE_CHECKING:
    from datetime import datetime

    from milepost.settings import Settings


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    newsletter = typer.Typer(
        no_args_is_help=True,
        help="Make issues and send them, each mail once.",
        epilog="Example: milepost newsletter issue",
    )
    newsletter.command(epilog="Example: milepost newsletter issue")(issue)
    preview_cli.add_to(newsletter)
    send_cli.add_to(newsletter)
    sending_cli.add_to(newsletter)
    subscribers_cli.add_to(newsletter)
    cli.add_typer(newsletter, name="newsletter")


def issue(
    feed: Annotated[
        str | None,
        typer.Option(metavar="PATH|URL", help="A JSON Feed; by default NEWSLETTER_FEED, or that of the built site."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An issue by hand, like content/issues/2026-01-news.md.")
    ] = None,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Make an issue and print its id: of what is new in the feed, for readers of each post, or of a text by hand.

    Digests are made by `milepost newsletter send`, when it is time for them. An issue by hand that has a `Date` to come
    is sent then; while nothing of it was sent, the same command takes the file in anew.
    """
    from datetime import UTC, datetime

    from milepost.newsletter.drafts import make_issue
    from milepost.newsletter.issue import posts_of
    from milepost.newsletter.shell import built_topics

    settings, now = options.read(settings_file), datetime.now(UTC)
    if markdown and feed:
        raise typer.BadParameter("say one of --feed and --markdown")
    if markdown:
        typer.echo(_by_hand(settings, markdown, now))
        return
    items = posts_of(settings, feed)
    with open_store(settings) as engine, engine.begin() as connection:
        made = make_issue(connection, items, now, built_topics(settings))
    if made:
        typer.echo(made)
    else:
        typer.echo("nothing new since the last issue", err=True)


def _by_hand(settings: Settings, file: Path, now: datetime) -> str:
    from milepost.newsletter import by_hand, control, drafts

    found = by_hand.read(file, settings)
    with open_store(settings) as engine, engine.begin() as connection:
        drafts.keep_by_hand(connection, found.id, found.subject, by_hand.content_of(found), now)
        if found.send_at and found.send_at > now:
            control.schedule(connection, found.id, found.send_at, now)
    return found.id
