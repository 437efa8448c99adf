"""Commands: newsletter subscribers import, export, list; newsletter forget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost import options
from milepost.newsletter.opening import Format, Formatted, open_store


def add_to(newsletter: typer.Typer) -> None:
    """Add the commands to `milepost newsletter`."""
    newsletter.command(epilog="Example: milepost newsletter forget reader@example.org")(forget)
    subscribers = typer.Typer(
        no_args_is_help=True, help="Who subscribes.", epilog="Example: milepost newsletter subscribers list"
    )
    subscribers.command("list", epilog="Example: milepost newsletter subscribers list --format json")(list_subscribers)
    subscribers.command("import", epilog="Example: milepost newsletter subscribers import readers.csv --dry-run")(
        import_subscribers
    )
    subscribers.command("export", epilog="Example: milepost newsletter subscribers export > readers.csv")(
        export_subscribers
    )
    newsletter.add_typer(subscribers, name="subscribers")


def list_subscribers(
    format: Formatted = Format.TEXT,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """List every subscriber and their state, by address."""
    import json

    from milepost import db
    from milepost.newsletter import store
    from milepost.newsletter.choices import topics_of

    with open_store(options.read(settings_file)) as engine, db.reading(engine) as connection:
        rows = [
            {
                "address": row.address,
                "state": row.state,
                "since": row.changed_at.isoformat(),
                "topics": list(topics_of(row.topics)),
                "rhythm": row.rhythm,
                "language": row.language,
            }
            for row in store.all_subscribers(connection)
        ]
    if format is Format.JSON:
        typer.echo(json.dumps(rows, indent=1))
    else:
        lines = [f"{row['state']:<12}  {row['since'][:16]}  {row['rhythm']:<6}  {row['address']}" for row in rows]
        typer.echo("\n".join(lines) or "nobody has subscribed yet")


def import_subscribers(
    file: Annotated[
        Path, typer.Argument(help="A CSV file with address,consent_at,consent_source,topics,rhythm,language.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be, and change nothing.")] = False,
    format: Formatted = Format.TEXT,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Take subscribers in from a CSV file: with a consent as active, without one after they have confirmed by mail.

    Says what became of each line that did not go as asked, or of every line with -v. Again, it changes nothing.
    """
    import json
    import os
    import sys
    from datetime import UTC, datetime

    from rich.progress import track

    from milepost.newsletter import lists
    from milepost.newsletter.shell import built_topics

    settings = options.read(settings_file)
    topics = [topic.slug for topic in built_topics(settings)]
    with open_store(settings) as engine:
        secret, now = settings.env.secret(), datetime.now(UTC)
        taken = lists.take_in(engine, secret, file, topics, settings.site.lang, now, dry=dry_run)
        reports = list(track(taken, "importing", transient=True, disable=not sys.stderr.isatty()))
    counts = lists.summary(reports)
    if format is Format.JSON:
        typer.echo(json.dumps([report._asdict() for report in reports], indent=1))
    else:
        for report in reports:
            if verbose or report.reason:
                typer.echo(f"{os.path.relpath(file)}:{report.line}: {report.reason or lists.OUTCOMES[report.outcome]}")
        would = "would be: " if dry_run else ""
        counted = ", ".join(f"{counts[outcome]} {outcome}" for outcome in lists.OUTCOMES if counts[outcome])
        typer.echo(would + (counted or "no lines"))
    if counts["wrong"]:
        raise typer.Exit(1)


def export_subscribers(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Write everybody who is active as CSV, in the columns that `import` reads."""
    import sys

    from milepost import db
    from milepost.newsletter import lists

    with open_store(options.read(settings_file)) as engine, db.reading(engine) as connection:
        lists.give_out(connection, sys.stdout)


def forget(
    address: Annotated[str, typer.Argument(help="The mail address.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased, and change nothing.")] = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Erase everything that is kept of an address, and never mail it again, unless its owner subscribes anew."""
    from datetime import UTC, datetime

    from milepost import db
    from milepost.newsletter import erasure
    from milepost.newsletter.addresses import address_of
    from milepost.newsletter.outbox import Outbox

    settings = options.read(settings_file)
    found = address_of(address)
    with open_store(settings) as engine:
        if dry_run:
            with db.reading(engine) as connection:
                kept = [erasure.everything_of(connection, id_) for id_ in erasure.ids_of(connection, found)]
            rows = sum(len(part) for one in kept for part in one.values())
            typer.echo(f"would erase {rows} rows")
            return
        with engine.begin() as connection:
            secret, now = settings.env.secret(), datetime.now(UTC)
            number = len([erasure.erase(connection, secret, id_, now) for id_ in erasure.ids_of(connection, found)])
            erasure.suppress(connection, secret, found, "erased", now)
        clean = erasure.wipe(engine)
        mails = Outbox(settings.env.var / "outbox").erase(found)
    typer.echo(
        f"erased {number} subscriber{'' if number == 1 else 's'}, {mails} in the outbox; nothing will be sent there"
    )
    if not clean:
        typer.echo("the database is in use, and its journal still has traces; run this again in a minute", err=True)
        raise typer.Exit(1)
