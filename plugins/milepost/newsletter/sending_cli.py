"""Commands: newsletter send, resend, pause, resume, cancel, status, why, bounces, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost import options
from milepost.newsletter.opening import Format, Formatted, open_store

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from sqlalchemy import Engine

    from milepost.settings import Settings

IssueId = Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's id, as `issue` printed it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until what the mail server put off is settled too.")]


def add_to(newsletter: typer.Typer) -> None:
    """Add the commands to `milepost newsletter`."""
    for command, example in (
        (send, "send 2026-01-31 --dry-run"),
        (pause, "pause 2026-01-31"),
        (resume, "resume 2026-01-31"),
        (cancel, "cancel 2026-01-31 --dry-run"),
        (resend, "resend 2026-01-31 reader@example.org"),
        (status, "status 2026-01-31 --uncertain --format json"),
        (why, "why reader@example.org"),
        (bounces, "bounces /var/mail/bounces"),
        (doctor, "doctor example.org"),
    ):
        newsletter.command(epilog=f"Example: milepost newsletter {example}")(command)


def send(
    issue: Annotated[
        str | None, typer.Argument(help="The issue's id, as `issue` printed it; by default every issue under way.")
    ] = None,
    wait: Wait = False,
    dry_run: DryRun = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Send an issue to everybody who is active, each once; again, it goes on where it ended."""
    from datetime import UTC, datetime

    from milepost import db
    from milepost.newsletter import delivery, ledger, store

    settings = options.read(settings_file)
    with open_store(settings) as engine:
        issues = [issue] if issue else delivery.under_way(engine, datetime.now(UTC))
        if not issues:
            typer.echo("nothing is due")
        if not dry_run:
            try:
                _send(engine, settings, issues, wait)
            except delivery.AlreadySending as error:
                if issue:
                    raise
                # As it should be: whoever runs this every few minutes meets a sender that takes longer.
                typer.echo(str(error))
            return
        with db.reading(engine) as connection:
            for id_ in issues:
                found, known = ledger.issue_row(connection, id_), ledger.counts(connection, id_)
                active = sum(person.state == "active" for person in store.all_subscribers(connection))
                waiting = known["queued"] + known["leased"] + known["deferred"]
                typer.echo(f'would send "{found.subject}" to {active if found.state == "draft" else waiting}')


def _send(engine: Engine, settings: Settings, issues: list[str], wait: bool = False) -> None:
    """Send issues one after the other, with a bar on a terminal; exits with 1 when not everybody got theirs."""
    import asyncio
    import sys

    from rich.progress import Progress

    from milepost.newsletter import delivery

    complete = True
    for id_ in issues:
        with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(f"sending {id_}", total=None)

            def progress(settled: int, total: int, bar: Progress = bar, task: object = task) -> None:
                bar.update(task, completed=settled, total=total)  # type: ignore[arg-type]

            counts = asyncio.run(delivery.send(engine, settings, id_, progress, wait=wait))
        typer.echo(_sentence(counts) if len(issues) == 1 else f"{id_}  {_sentence(counts)}")
        complete &= not counts.keys() - {"accepted", "skipped"}
    if not complete:
        raise typer.Exit(1)


def pause(
    issue: IssueId,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Hold an issue that is being sent: from now on no mail of it is handed over, also by a sender that runs."""
    from milepost.newsletter import control

    with open_store(options.read(settings_file)) as engine, engine.begin() as connection:
        control.pause(connection, issue)


def resume(
    issue: IssueId,
    wait: Wait = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Let an issue go on that was paused, and send the rest of it."""
    from milepost.newsletter import control

    settings = options.read(settings_file)
    with open_store(settings) as engine:
        with engine.begin() as connection:
            control.resume(connection, issue)
        _send(engine, settings, [issue], wait)


def cancel(
    issue: IssueId,
    dry_run: DryRun = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """End an issue: whoever has not got it never will. One that was not sent at all is removed."""
    from datetime import UTC, datetime

    from milepost.newsletter import control

    with open_store(options.read(settings_file)) as engine, engine.begin() as connection:
        stopped = control.cancel(connection, issue, datetime.now(UTC))
        if dry_run:
            connection.rollback()
    typer.echo(f"{'would skip' if dry_run else 'skipped'} {stopped}")


def resend(
    issue: IssueId,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS", help="Whose; by default all that are uncertain.")
    ] = None,
    dry_run: DryRun = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Send uncertain mails again, with the same bytes and the same Message-ID. Some readers may get two copies."""
    from datetime import UTC, datetime

    from milepost.newsletter import control

    settings = options.read(settings_file)
    with open_store(settings) as engine:
        with engine.begin() as connection:
            number = control.requeue_uncertain(connection, issue, addresses or (), datetime.now(UTC))
            if dry_run:
                connection.rollback()
        if dry_run or not number:
            typer.echo(f"would send {number} again" if dry_run else "nothing uncertain")
        else:
            _send(engine, settings, [issue])


def status(
    issue: Annotated[str | None, typer.Argument(help="An issue's id; by default every issue.")] = None,
    uncertain: Annotated[bool, typer.Option("--uncertain", help="Name the mails of which nobody knows.")] = False,
    format: Formatted = Format.TEXT,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Say how far issues have come, and which mails are uncertain."""
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
            _show(rows, format, "{address}  {message_id}  {at}".format_map, "nothing uncertain")
            return
        counted = {found.id: ledger.counts(connection, found.id) for found in issues}
    rows = [{"issue": one.id, "state": one.state, "subject": one.subject, **counted[one.id]} for one in issues]
    nothing = "no issue yet; make one with `milepost newsletter issue`"
    _show(rows, format, lambda row: f"{row['issue']}  {row['state']}  {_sentence(counted[row['issue']])}", nothing)


def why(
    address: Annotated[str, typer.Argument(help="A mail address.")],
    format: Formatted = Format.TEXT,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Tell everything that was ever sent to an address, and on what consent."""
    from milepost import db
    from milepost.newsletter import history

    settings = options.read(settings_file)
    with open_store(settings) as engine, db.reading(engine) as connection:
        events = history.history_of(connection, settings.env.secret(), address)
    nothing = "nothing is known of this address, and nothing was ever sent to it"
    _show(events, format, lambda row: f"{row['at'][:19]}  {row['what']}", nothing)


def bounces(
    maildir: Annotated[Path, typer.Argument(help="The maildir that NEWSLETTER_BOUNCES is delivered to.")],
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Read what came back: bounces end a subscription, complaints at once; what cannot be read is kept aside."""
    from datetime import UTC, datetime

    from milepost.newsletter import returns

    settings = options.read(settings_file)
    with open_store(settings) as engine:
        counts = returns.take_in(engine, maildir, settings.env.secret(), datetime.now(UTC))
    typer.echo(", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())) or "nothing came back")
    if counts["unreadable"]:
        typer.echo(f"{maildir / '.unreadable'}: look at these yourself", err=True)
        raise typer.Exit(1)


def doctor(
    domain: Annotated[str, typer.Argument(help="The domain that mails come from.")],
    nameserver: Annotated[
        str | None, typer.Option(metavar="HOST[:PORT]", help="Ask this server; by default the system's.")
    ] = None,
    format: Formatted = Format.TEXT,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Check what mail providers look at: SPF, DKIM, DMARC, PTR, TLS, one-click; and say what to change."""
    import asyncio

    from milepost.newsletter import doctor as examinations

    settings = options.read(settings_file)
    found = asyncio.run(examinations.examine(settings, domain, nameserver))
    rows = [{"check": one.check, "good": one.good, "found": one.found, "remedy": one.remedy} for one in found]

    def line(row: dict[str, Any]) -> str:
        remedy = f"; {row['remedy']}" if row["remedy"] else ""
        return f"{'good' if row['good'] else 'BAD ':<4}  {row['check']:<9}  {row['found']}{remedy}"

    _show(rows, format, line, "")
    if not all(one.good for one in found):
        raise typer.Exit(1)


def _show(rows: list[dict[str, Any]], format: Format, line: Callable[[dict[str, Any]], str], nothing: str) -> None:
    import json

    if format is Format.JSON:
        typer.echo(json.dumps(rows, indent=1))
    else:
        typer.echo("\n".join(line(row) for row in rows) or nothing)


def _sentence(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nobody to send to"
