"""Commands: build."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from milepost import options

Content = Annotated[Path | None, typer.Argument(help="Folder of the content; PATH of the settings by default.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Folder to write to.")]
Jobs = Annotated[
    int | None, typer.Option("-j", "--jobs", metavar="N", min=1, help="Processes; one for each processor by default.")
]
Clean = Annotated[bool, typer.Option("--clean", help="Use nothing of an earlier build; the output is the same.")]
Explain = Annotated[
    str,
    typer.Option("--explain", metavar="PATH", help="Say why this page or source was, or was not, written."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse warnings too, and faults of the built pages, as for publishing.")
]


def add_to(cli: typer.Typer) -> None:
    """Add the command to `milepost`."""
    cli.command(epilog="Example: milepost build -o output --explain output/index.html")(build)


def build(
    content: Content = None,
    output: Output = None,
    jobs: Jobs = None,
    clean: Clean = False,
    explain: Explain = "",
    strict: Strict = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Build the site with Pelican: only what has changed is written, and nothing unless all of it is good."""
    from milepost import settings
    from milepost.build import ERRORS, WARNINGS, Build, make_ready, processors

    loaded = settings.load(settings_file, {"PATH": str(content.absolute())} if content else None)
    fatal = WARNINGS if strict else ERRORS
    ordered = Build(
        loaded, output or loaded.site.output, fatal=fatal, jobs=jobs or processors(), clean=clean, explain=explain
    )
    if strict:
        typer.echo(ordered.run(lambda built: make_ready(built, loaded)))
        return
    from milepost.incremental import process

    with ordered.here():
        process.main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # all is in its place; to take apart what a large site was read into takes as long as to read it
