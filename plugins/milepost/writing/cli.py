"""Commands: check, new."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from milepost import options
from milepost.errors import SettingsError

Content = Annotated[Path | None, typer.Argument(help="Folder of the content; PATH of the settings by default.")]
Format = Annotated[Literal["text", "json", "github"], typer.Option("--format", help="How to print the findings.")]
External = Annotated[bool, typer.Option("--external", help="Ask other sites whether links to them are answered.")]
Manifest = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A touchpoints.json published before: what it has must still be there."),
]
Kind = Annotated[Literal["article", "doc", "page", "author"], typer.Argument(help="What it is.")]
Title = Annotated[str, typer.Argument(metavar="TITLE", help="Its title; an author's name.")]
Rule = Annotated[str | None, typer.Option("--explain", metavar="RULE", help="Say what a rule asks for, and why.")]


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    cli.command(epilog="Example: milepost check --format json")(check)
    cli.command(epilog='Example: milepost new article "What we learned from silence"')(new)


def check(
    content: Content = None,
    form: Format = "text",
    explain: Rule = None,
    external: External = False,
    manifest: Manifest = None,
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
    report = of_site(loaded, manifest, asked(loaded) if external else None)
    if form == "json":
        typer.echo(formats.as_json(report.findings))
    elif form == "github":
        typer.echo(formats.github(report.findings), nl=bool(report.findings))
    else:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        typer.echo(formats.text(report.findings, report.files, colour))
        for line in report.waiting:
            typer.echo(line)
    if any(finding.severity == "error" for finding in report.findings):
        raise typer.Exit(1)


def new(
    kind: Kind,
    title: Title,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Begin a new file with every field that it may have, each explained; nothing is overwritten."""
    from milepost.writing.new import create

    typer.echo(os.path.relpath(create(kind, title, options.read(settings_file))))
