"""Commands: newsletter resend, pause, resume, cancel, status, why, bounces, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from milepost import options
from milepost.newsletter.opening import Format, Formatted, open_store
from milepost.newsletter.send_cli import DryRun, Wait, send_all, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

IssueId = Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's id, as `issue` printed it.")]


def add_to(newsletter: typer.Typer) -> None:
    """Add the commands to `milepost newsletter`."""
    for command, example in (
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
        send_all(engine, settings, [issue], wait)


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
            send_all(engine, settings, [issue])


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
    for one, row in zip(issues, rows, strict=True):
        if one.state == "scheduled":
            row["send_at"] = one.send_at.isoformat(timespec="minutes")
    nothing = "no issue yet; make one with `milepost newsletter issue`"

    def line(row: dict[str, Any]) -> str:
        what = f"for {row['send_at']}" if "send_at" in row else sentence(counted[row["issue"]])
        return f"{row['issue']}  {row['state']}  {what}"

    _show(rows, format, line, nothing)


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
