"""Commands: serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from milepost import options

Content = Annotated[Path | None, typer.Argument(help="Folder of the content; PATH of the settings by default.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Folder to write to.")]


def add_to(cli: typer.Typer) -> None:
    """Add the command to `milepost`."""
    cli.command(epilog="Example: milepost serve --port 8000")(serve)


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
