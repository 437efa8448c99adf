"""Commands: check, new, import."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from milepost import options
from milepost.errors import Finding, SettingsError

if TYPE_CHECKING:
    from milepost.settings import Settings

Content = Annotated[Path | None, typer.Argument(help="Folder of the content; PATH of the settings by default.")]
Format = Annotated[Literal["text", "json", "github"], typer.Option("--format", help="How to print the findings.")]
External = Annotated[bool, typer.Option("--external", help="Ask other sites whether links to them are answered.")]
Insights = Annotated[
    bool, typer.Option("--insights", help="Also say what stopped readers, as the archived journeys tell.")
]
Manifest = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A touchpoints.json published before: what it has must still be there."),
]
Kind = Annotated[Literal["article", "doc", "page", "author", "issue"], typer.Argument(help="What it is.")]
Title = Annotated[str, typer.Argument(metavar="TITLE", help="Its title; an author's name.")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A file, a folder of files, or the address of a feed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing, and say what would be written.")]
ReportFormat = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print the report.")]
Rule = Annotated[str | None, typer.Option("--explain", metavar="RULE", help="Say what a rule asks for, and why.")]


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    cli.command(epilog="Example: milepost check --format json")(check)
    cli.command(epilog='Example: milepost new article "What we learned from silence"')(new)
    cli.command("import", epilog="Example: milepost import old-blog/ --dry-run")(import_)


def check(
    context: typer.Context,
    content: Content = None,
    form: Format = "text",
    explain: Rule = None,
    external: External = False,
    manifest: Manifest = None,
    insights: Insights = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Say what is wrong with the content and the pages built of it, by file and line, and what to do about it."""
    if explain:
        from milepost.writing import findings

        try:
            typer.echo(findings.explanation(explain))
        except KeyError as error:
            raise typer.BadParameter(f'no rule "{explain}"; {error.args[0]}', param_hint="--explain") from error
        return
    if content and not content.is_dir():
        raise typer.BadParameter(f"{content} is no folder", param_hint="CONTENT")
    from milepost import settings
    from milepost.writing import formats
    from milepost.writing.built.progress import asked
    from milepost.writing.built.report import of_site

    loaded = settings.load(settings_file, {"PATH": str(content.absolute())} if content else None)
    if "writing" not in loaded.enabled:
        raise SettingsError(
            f'{settings_file}: PLUGINS does not name "milepost.writing"; add it to check what it checks'
        )
    teller = _teller(context, loaded) if insights else None
    report = of_site(loaded, manifest, asked(loaded) if external else None)
    found, told = _with_insights(teller, loaded, report.findings) if teller else (report.findings, "")
    if form == "json":
        typer.echo(formats.as_json(found))
    elif form == "github":
        typer.echo(formats.github(found), nl=bool(found))
    else:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        typer.echo(formats.text(found, report.files, colour))
        for line in (*report.waiting, *filter(None, [told])):
            typer.echo(line)
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(1)


def _teller(context: typer.Context, settings: Settings) -> Any:
    """What tells of the journeys, as another slice hands it over."""
    insights = (context.obj or {}).get("insights")
    if insights is None or "journeys" not in settings.enabled:
        raise SettingsError(f'{settings.site.file}: PLUGINS does not name "milepost.journeys"; add it for --insights')
    return insights


def _with_insights(insights: Any, settings: Settings, found: list[Finding]) -> tuple[list[Finding], str]:
    """The findings with what the journeys tell, and a line on what that was made of."""
    from milepost.writing import checks, findings
    from milepost.writing.built import fresh

    sources = findings.all_sources(settings)
    outputs = checks.targets(sources, settings).outputs
    pages = {outputs[source.path]: source for source in sources.all if source.path in outputs}
    told = insights(settings, sources, pages, fresh.folder(settings))
    return sorted({*found, *findings.allowed_left_out(told.findings, sources)}), told.told


def new(
    kind: Kind,
    title: Title,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Begin a new file with every field that it may have, each explained; nothing is overwritten."""
    from milepost.writing.new import create

    typer.echo(os.path.relpath(create(kind, title, options.read(settings_file))))


def import_(
    source: Source,
    dry: DryRun = False,
    form: ReportFormat = "text",
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Make sources of old posts: saved pages, WordPress' export, or a feed. Nothing that is there is overwritten."""
    from milepost.progress import bar
    from milepost.writing import findings
    from milepost.writing.importing import reading, report
    from milepost.writing.importing.writing import Importer

    is_address = urlsplit(source).scheme in ("http", "https")
    if not is_address and not Path(source).exists():
        raise typer.BadParameter(f"{source}: no such file or folder", param_hint="SOURCE")
    settings = options.read(settings_file)
    found: list[reading.Found] = []
    if is_address:
        found.append((source, reading.of_text(reading.fetched(source), source, None)))
    else:
        paths = reading.files(source)
        with bar("Reading", len(paths)) as each:
            for one in reading.of_files(paths):
                found.append(one)
                each()
    results = Importer(settings, findings.all_sources(settings), dry).all(found)
    typer.echo(report.as_json(results) if form == "json" else report.text(results, dry))
    if any(result.state == "failed" for result in results):
        raise typer.Exit(1)
