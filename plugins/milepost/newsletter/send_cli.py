"""Command: newsletter send, now or at a time, to everybody or as a test; and the digests that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from milepost import options
from milepost.newsletter.opening import open_store

if TYPE_CHECKING:
    from collections import Counter
    from datetime import datetime

    from sqlalchemy import Engine

    from milepost.settings import Settings

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until what waits for a later time is settled too.")]


def add_to(newsletter: typer.Typer) -> None:
    """Add the command to `milepost newsletter`."""
    newsletter.command(epilog="Example: milepost newsletter send 2026-01-31 --dry-run")(send)


def send(
    issue: Annotated[
        str | None, typer.Argument(help="The issue's id, as `issue` printed it; by default whatever is due.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Send it then, like 2026-01-31T08:00 where the site is.")
    ] = None,
    minutes: Annotated[
        int | None, typer.Option("--in", metavar="MINUTES", min=1, help="Send it then, unless it is cancelled.")
    ] = None,
    test: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Send a copy there, and nothing else.")
    ] = None,
    wait: Wait = False,
    dry_run: DryRun = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Send an issue to everybody whom it is for, each once; again, it goes on where it ended.

    Without an issue it sends whatever is due: what is under way, what was to be sent by now, and the digests of readers
    who have their morning. Run it every few minutes.
    """
    from datetime import UTC, datetime, timedelta

    settings, now = options.read(settings_file), datetime.now(UTC)
    if issue is None and (at or minutes or test):
        raise typer.BadParameter("say which issue", param_hint="ISSUE")
    if sum(map(bool, (at, minutes, test))) > 1:
        raise typer.BadParameter("say one of --at, --in and --test")
    with open_store(settings) as engine:
        if issue and test:
            _send_test(engine, settings, issue, test)
        elif issue and (at or minutes):
            when = _time(at, settings) if at else now + timedelta(minutes=minutes or 0)
            _schedule(engine, settings, issue, when, now, dry_run)
        elif issue:
            _send_now(engine, settings, [issue], wait, dry_run)
        else:
            _send_due(engine, settings, now, wait, dry_run)


def _send_test(engine: Engine, settings: Settings, issue: str, addresses: list[str]) -> None:
    import asyncio

    from milepost.newsletter import trial
    from milepost.newsletter.addresses import address_of

    to = [address_of(address) for address in addresses]
    for reply in asyncio.run(trial.send(engine, settings, issue, to)):
        typer.echo(reply)


def _time(text: str, settings: Settings) -> datetime:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f'"{text}" is no time; write it like 2026-01-31T08:00', param_hint="--at") from error
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(settings.site.timezone))


def _schedule(engine: Engine, settings: Settings, issue: str, at: datetime, now: datetime, dry_run: bool) -> None:
    from zoneinfo import ZoneInfo

    from milepost.newsletter import control

    with engine.begin() as connection:
        control.schedule(connection, issue, at, now)
        if dry_run:
            connection.rollback()
    local = at.astimezone(ZoneInfo(settings.site.timezone)).isoformat(timespec="minutes")
    typer.echo(f"{'would be sent' if dry_run else 'will be sent'} at {local}, by `milepost newsletter send`")


def _send_now(engine: Engine, settings: Settings, issues: list[str], wait: bool, dry_run: bool) -> None:
    if not dry_run:
        send_all(engine, settings, issues, wait)
        return
    from milepost.newsletter import control

    for id_ in issues:
        subject, number = control.would_send(engine, settings, id_)
        typer.echo(f'would send "{subject}" to {number}')


def _send_due(engine: Engine, settings: Settings, now: datetime, wait: bool, dry_run: bool) -> None:
    """What a line in cron does. A feed that cannot be read is said last: it holds back nobody's mail."""
    from milepost.newsletter import control, delivery
    from milepost.newsletter.model import NewsletterError

    fault: NewsletterError | None = None
    try:
        _make_digests(engine, settings, now, dry_run)
    except NewsletterError as error:
        fault = error
    with engine.begin() as connection:
        late = control.call_back_late(connection, now)
        if dry_run:
            connection.rollback()
    for row in late:
        what = f"issue {row.id} was to be sent at {row.send_at.isoformat(timespec='minutes')}, and was not"
        typer.echo(f"{what}; `milepost newsletter send {row.id}` sends it now", err=True)
    issues = [id_ for id_ in delivery.under_way(engine, now) if id_ not in {row.id for row in late}]
    if not issues:
        typer.echo("nothing is due")
    try:
        _send_now(engine, settings, issues, wait, dry_run)
    except delivery.AlreadySending as error:
        # As it should be: whoever runs this every few minutes meets a sender that takes longer.
        typer.echo(str(error))
    if fault:
        raise fault


def _make_digests(engine: Engine, settings: Settings, now: datetime, dry_run: bool) -> None:
    from milepost import db
    from milepost.newsletter import digests
    from milepost.newsletter.issue import posts_of
    from milepost.newsletter.mail import letterhead
    from milepost.newsletter.shell import built_topics

    with db.reading(engine) as connection:
        if not digests.are_wanted(connection):
            return
    items, head, topics = posts_of(settings), letterhead(settings), built_topics(settings)
    with engine.begin() as connection:
        made = digests.make_due(connection, items, head, settings.site.timezone, now, topics)
        if dry_run:
            connection.rollback()
    if dry_run and made:
        typer.echo(f"would make {', '.join(made)}")


def send_all(engine: Engine, settings: Settings, issues: list[str], wait: bool = False) -> None:
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
        typer.echo(sentence(counts) if len(issues) == 1 else f"{id_}  {sentence(counts)}")
        complete &= not counts.keys() - {"accepted", "skipped", "waiting"}
    if not complete:
        raise typer.Exit(1)


def sentence(counts: Counter[str]) -> str:
    """How many mails are in each state, in words."""
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nobody to send to"
