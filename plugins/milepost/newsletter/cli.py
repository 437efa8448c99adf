"""Commands: newsletter issue, send, status; those of subscribers are in a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from milepost import options
from milepost.newsletter import subscribers_cli
from milepost.newsletter.opening import Format, Formatted, open_store

if TYPE_CHECKING:
    from collections import Counter


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    newsletter = typer.Typer(
        no_args_is_help=True,
        help="Make issues and send them, each mail once.",
        epilog="Example: milepost newsletter issue",
    )
    newsletter.command(epilog="Example: milepost newsletter issue")(issue)
    newsletter.command(epilog="Example: milepost newsletter send 2026-01-31 --dry-run")(send)
    newsletter.command(epilog="Example: milepost newsletter status 2026-01-31 --uncertain --format json")(status)
    subscribers_cli.add_to(newsletter)
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


def send(
    issue: Annotated[str, typer.Argument(help="The issue's id, as `issue` printed it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Send an issue to everybody who is active, each once; again, it goes on where it ended."""
    import asyncio
    import sys

    from rich.progress import Progress

    from milepost import db
    from milepost.newsletter import delivery, ledger, store

    settings = options.read(settings_file)
    with open_store(settings) as engine:
        with db.reading(engine) as connection:
            found = ledger.issue_row(connection, issue)
            known = ledger.counts(connection, issue)
            active = sum(person.state == "active" for person in store.all_subscribers(connection))
        total = active if found.state == "draft" else sum(known.values())
        if dry_run:
            to_send = active if found.state == "draft" else known["queued"] + known["leased"] + known["deferred"]
            typer.echo(f'would send "{found.subject}" to {to_send}')
            return
        with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("sending", total=total, completed=sum(known[state] for state in ledger.TERMINAL))
            counts = asyncio.run(delivery.send(engine, settings, issue, lambda number: bar.advance(task, number)))
    typer.echo(_sentence(counts))
    if counts.keys() - {"accepted", "skipped"}:
        raise typer.Exit(1)


def status(
    issue: Annotated[str | None, typer.Argument(help="An issue's id; by default every issue.")] = None,
    uncertain: Annotated[bool, typer.Option("--uncertain", help="Name the mails of which nobody knows.")] = False,
    format: Formatted = Format.TEXT,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Say how far issues have come, and which mails are uncertain."""
    import json

    from milepost import db
    from milepost.newsletter import ledger

    with open_store(options.read(settings_file)) as engine, db.reading(engine) as connection:
        issues = [ledger.issue_row(connection, issue)] if issue else ledger.all_issues(connection)
        if uncertain:
            rows = [
                {"address": row.address, "message_id": row.message_id, "at": row.at.isoformat()}
                for found in issues
                for row in ledger.uncertain(connection, found.id)
            ]
            lines = [f"{row['address']}  {row['message_id']}  {row['at']}" for row in rows]
        else:
            counted = {found.id: ledger.counts(connection, found.id) for found in issues}
            rows = [
                {"issue": found.id, "state": found.state, "subject": found.subject, **counted[found.id]}
                for found in issues
            ]
            lines = [f"{row['issue']}  {row['state']}  {_sentence(counted[row['issue']])}" for row in rows]
    if format is Format.JSON:
        typer.echo(json.dumps(rows, indent=1))
    else:
        nothing = "nothing uncertain" if uncertain else "no issue yet; make one with `milepost newsletter issue`"
        typer.echo("\n".join(lines) or nothing)


def _sentence(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nobody to send to"
