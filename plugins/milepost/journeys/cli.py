"""Commands: journeys archive, import, export, forget, report, digest, post, measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from milepost import options
from milepost.journeys.demo.cli import demo

if TYPE_CHECKING:
    from milepost.settings import Settings


class Format(StrEnum):
    """What a measure is printed as."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    journeys = typer.Typer(
        no_args_is_help=True,
        help="Measure the journeys that readers really take.",
        epilog="Example: milepost journeys archive",
    )
    journeys.command(epilog="Example: milepost journeys archive")(archive)
    journeys.command("import", epilog="Example: milepost journeys import orders.csv --map orders.toml")(import_)
    # A person's id may begin with a hyphen.
    of_person = {"ignore_unknown_options": True}
    journeys.command(epilog="Example: milepost journeys export ada@example.com > ada.json", context_settings=of_person)(
        export
    )
    journeys.command(epilog="Example: milepost journeys forget ada@example.com --dry-run", context_settings=of_person)(
        forget
    )
    journeys.command(epilog="Example: milepost journeys report --out /srv/report")(report)
    journeys.command(epilog="Example: milepost journeys post there-never-was-a-funnel")(post)
    journeys.command(epilog="Example: milepost journeys digest --to ada@example.com")(digest)
    journeys.command(epilog="Example: milepost journeys demo --people 50000 --seed 2")(demo)
    journeys.command(epilog="Example: milepost journeys measure reach --by surface --from 2026-01-01")(measure)
    cli.add_typer(journeys, name="journeys")


def archive(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Read every archived file to its end, and set aside what cannot be.")
    ] = False,
    verbose: options.Verbose = False,
) -> None:
    """Move collected events from the inbox into the archive: Parquet, by month. Remove what is kept no longer."""
    from milepost.journeys.archive import archive_inboxes
    from milepost.journeys.model import Settings

    settings = options.read(settings_file)
    months = settings.of(Settings).retention_months
    done = archive_inboxes(settings.env, retention_months=months, thorough=thorough)
    typer.echo(done.summary())
    if done.corrupt:
        raise typer.Exit(1)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=".csv with a map, .jsonl of wire events, or .parquet of the archive.")],
    map: Annotated[Path | None, typer.Option(help="TOML that says which column of a .csv is what.")] = None,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Take in what happened elsewhere: purchases, calls, demo licences, forum posts, tickets.

    Rows that were imported before count once. Bad rows go into a file beside FILE, to be mended and imported.
    """
    from milepost.journeys.elsewhere import People
    from milepost.journeys.importing import import_file

    settings = options.read(settings_file)
    done = import_file(settings.env, file, People(settings.env, _addresses(context, settings)), map)
    for finding in done.findings:
        typer.echo(str(finding), err=True)
    typer.echo(done.summary())
    if done.findings:
        raise typer.Exit(1)


def export(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The id in the cookie, or a subscriber's address.")],
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Print everything that is kept of one person's journey, as JSON."""
    import json

    from milepost.journeys.rights import everything_of, person_meant

    settings = options.read(settings_file)
    meant = person_meant(person, _addresses(context, settings))
    typer.echo(json.dumps(everything_of(settings.env, meant), indent=1, ensure_ascii=False))


def forget(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The id in the cookie, or a subscriber's address.")],
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how much there is, and erase nothing.")] = False,
    verbose: options.Verbose = False,
) -> None:
    """Erase one person from inbox, archive and report, for ever, and print a receipt.

    A subscription is ended by the newsletter's own commands.
    """
    from milepost.journeys import onward_file
    from milepost.journeys.rights import everything_of, person_meant
    from milepost.journeys.rights import forget as erase

    settings = options.read(settings_file)
    meant = person_meant(person, _addresses(context, settings))
    if dry_run:
        count = len(everything_of(settings.env, meant)["events"])
        typer.echo(f"of {meant} would be erased: {count} event{'' if count == 1 else 's'}")
        return
    typer.echo(erase(settings.env, meant).text())
    if (settings.env.var / "report/index.html").exists():
        report(settings_file)
    elif (settings.env.var / onward_file.NAME).exists():
        onward_file.write(settings)


def _addresses(context: typer.Context, settings: Settings) -> Callable[[], Iterable[tuple[str, str]]]:
    """What the newsletter tells of its subscribers, where `milepost` has handed it over."""
    told: Callable[[Settings], Iterable[tuple[str, str]]] = (context.obj or {}).get("addresses", lambda _: ())
    return lambda: told(settings)


def report(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    out: Annotated[Path | None, typer.Option(help="Folder to write to.", show_default="var/report")] = None,
    verbose: options.Verbose = False,
) -> None:
    """Archive what was collected, then write the report anew: static files that need no server.

    Where readers went on to from each page, of ten people at least, goes into ONWARD_FILE for the next build.
    """
    import os
    from datetime import UTC

    from milepost.journeys import onward_file
    from milepost.journeys.archive import archive_inboxes
    from milepost.journeys.model import Settings
    from milepost.journeys.questions import built_site
    from milepost.journeys.report import build

    settings = options.read(settings_file)
    months = settings.of(Settings).retention_months
    typer.echo(archive_inboxes(settings.env, retention_months=months).summary())
    folder = (out or settings.env.var / "report").absolute()
    written = build(settings, built_site(settings), folder, datetime.now(UTC))
    typer.echo(written.counted)
    typer.echo(onward_file.write(settings, written.went_on).summary())
    typer.echo(f"report in {os.path.relpath(folder / 'index.html')}")


def post(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The post's slug, or any touchpoint's id.")],
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How it is printed.")] = "text",
    verbose: options.Verbose = False,
) -> None:
    """Print how one post is read: by whom, for how long, how far down, and where its readers come from and go."""
    import json

    from milepost.journeys.post import post as read

    told = read(options.read(settings_file), slug)
    if told.note:
        typer.echo(told.note, err=True)
    typer.echo(json.dumps(told.as_json(), indent=1, ensure_ascii=False) if form == "json" else told.text().rstrip())


def digest(
    context: typer.Context,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Mail it there, instead of printing it.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part instead of the text.")] = False,
    verbose: options.Verbose = False,
) -> None:
    """Say what the last seven days were like: figures, objectives, obstacles. As text, or as a mail.

    A mail goes by MILEPOST_SMTP_URL, or into the outbox where that is not set. For every Monday, put it into a timer.
    """
    from datetime import UTC

    from milepost.journeys.archive import archive_inboxes
    from milepost.journeys.digest import digest_of
    from milepost.journeys.model import Settings
    from milepost.journeys.questions import built_site

    settings = options.read(settings_file)
    archive_inboxes(settings.env, retention_months=settings.of(Settings).retention_months)
    told = digest_of(settings, built_site(settings), datetime.now(UTC))
    if to:
        typer.echo(f"to {to}: {context.obj['post'](settings, to, told.subject, told.text(), told.html())}")
    else:
        typer.echo(told.html() if html else told.text())


def measure(
    name: Annotated[str, typer.Argument(help="The measure's name, see below.")],
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    by: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="touchpoint, surface, kind, topic, author, objective ...")
    ] = None,
    goal: Annotated[str | None, typer.Option(metavar="GOAL", help="Such as signup.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first day.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="The last day.")
    ] = None,
    tier: Annotated[str | None, typer.Option(metavar="TIER", help="Only counted, visited, consented or known.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="LEVEL=PLACE", help="Only what happened there, such as surface=docs; may be repeated."),
    ] = None,
    bots: Annotated[
        bool, typer.Option("--bots", help="Count known robots and AI agents too, which are left out.")
    ] = False,
    format: Annotated[Format, typer.Option(help="How it is printed.")] = Format.TABLE,
    verbose: options.Verbose = False,
) -> None:
    """Print one measure of what is archived. Days are those of the site's TIMEZONE.

    reach, paths (without a goal what came next, with one the paths that ended in it), attribution, time-to-convert,
    docs-and-blog, objectives, obstacles, onward.
    """
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from milepost.journeys.questions import Misuse, Question, answer
    from milepost.journeys.synthetic import NOTE, is_synthetic

    settings = options.read(settings_file)
    zone = ZoneInfo(settings.site.timezone)
    start = since.replace(tzinfo=zone) if since else None
    end = (until + timedelta(days=1)).replace(tzinfo=zone) if until else None
    places = dict(level.partition("=")[::2] for level in only or ())
    if "" in places.values():
        raise Misuse("--only names a level and a place: --only surface=docs")
    found = answer(settings, name, Question(by, goal, start, end, tier, places, bots))
    if is_synthetic(settings.env):
        typer.echo(NOTE, err=True)
    typer.echo({Format.TABLE: found.text, Format.JSON: found.json, Format.CSV: found.csv}[format](), nl=False)
