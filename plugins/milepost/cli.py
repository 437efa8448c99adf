"""`milepost`: composes the slices' commands, and turns errors into one line and an exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from milepost import options, slices
from milepost.errors import MilepostError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from milepost.journeys.insights import Insights
    from milepost.settings import Settings
    from milepost.sources import Source, Sources

cli = typer.Typer(
    name="milepost",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Publish articles and docs, and learn from the journeys that readers take through them.",
    epilog="Example: milepost serve",
)
for _, module in slices.parts("cli"):
    module.add_to(cli)


@cli.callback()
def _hand_over(context: typer.Context) -> None:
    """Give each slice's commands the callables that another slice offers; a slice never imports a slice."""
    context.obj = {"addresses": _addresses, "insights": _insights, "post": _post}


def _addresses(settings: Settings) -> list[tuple[str, str]]:
    """(address, person) of every active subscriber who had said yes to being remembered."""
    from milepost.newsletter.people import remembered

    return remembered(settings.env) if "newsletter" in settings.enabled else []


def _insights(settings: Settings, sources: Sources, pages: Mapping[str, Source], built: Path) -> Insights:
    """What stopped readers, on the sources that it can be mended in."""
    from datetime import UTC, datetime

    from milepost.journeys.insights import insights

    return insights(settings, sources, pages, built, datetime.now(UTC))


def _post(settings: Settings, address: str, subject: str, text: str, html: str) -> str:
    """Send one mail by the newsletter's relay, or into its outbox; returns what was answered."""
    from datetime import UTC, datetime

    from milepost.newsletter.posting import post

    if "newsletter" not in settings.enabled:
        raise MilepostError('mails are the newsletter\'s: add "milepost.newsletter" to PLUGINS, or print the digest')
    return post(settings, address, subject, text, html, datetime.now(UTC))


@cli.command(epilog="Example: milepost app --port 8080 --workers 2")
def app(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8001,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    verbose: options.Verbose = False,
) -> None:
    """Run the services alone (newsletter, journeys), behind a web server that serves the pages."""
    import uvicorn

    from milepost import logs
    from milepost.app import refuse_unlimited

    settings = options.read(settings_file)
    refuse_unlimited(settings, host)
    proxies = settings.env.forwarded_allow_ips
    os.environ["MILEPOST_SETTINGS"] = str(settings_file)
    uvicorn.run(
        "milepost.app:for_production",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=logs.config(verbose),
        log_level="info" if verbose else "warning",
        # Left to itself, uvicorn would believe whoever calls from this machine.
        proxy_headers=proxies is not None,
        forwarded_allow_ips=proxies,
        # An address never stands in a log.
        access_log=False,
    )


def main() -> None:
    """Run one command. Exit status: 0 done, 1 the work has faults, 2 misuse."""
    try:
        cli()
    except MilepostError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
