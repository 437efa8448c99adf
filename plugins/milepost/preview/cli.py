"""Commands: build, serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost import options

Content = Annotated[Path | None, typer.Argument(help="Folder of the content; PATH of the settings by default.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Folder to write to.")]


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    cli.command(epilog="Example: milepost build -o output")(build)
    cli.command(epilog="Example: milepost serve --port 8000")(serve)


def build(
    content: Content = None,
    output: Output = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse warnings too, and faults of the built pages, as for publishing.")
    ] = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Build the site with Pelican; the output is swapped in as a whole, or not at all."""
    from milepost import settings
    from milepost.build import ERRORS, WARNINGS, Build, make_ready

    loaded = settings.load(settings_file, {"PATH": str(content.absolute())} if content else None)
    site = loaded.site
    build = Build(site.file, site.content, output or site.output, {}, loaded.env.var, WARNINGS if strict else ERRORS)
    typer.echo(build.run(lambda built: make_ready(built, loaded)) if strict else build.run())


def serve(
    content: Content = None,
    output: Output = None,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Preview everything on this machine: the site, its newsletter and outbox, its journeys."""
    from milepost.preview.serve import preview

    preview(settings_file, content, output, host, port).run(typer.echo)
