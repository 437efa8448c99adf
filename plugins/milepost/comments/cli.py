"""Commands: comments fetch, comments status."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from milepost import options

if TYPE_CHECKING:
    from milepost.settings import Settings


class Format(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    JSON = "json"


def add_to(cli: typer.Typer) -> None:
    """Add the commands to `milepost`."""
    comments = typer.Typer(
        no_args_is_help=True,
        help="Keep what readers said, fetched from Disqus.",
        epilog="Example: milepost comments fetch",
    )
    comments.command(epilog="Example: DISQUS_PUBLIC_KEY=… milepost comments fetch")(fetch)
    comments.command(epilog="Example: milepost comments status --format json")(status)
    cli.add_typer(comments, name="comments")


def fetch(
    everything: Annotated[
        bool, typer.Option("--all", help="Read every post again, not only those of the last week: old edits show.")
    ] = False,
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    verbose: options.Verbose = False,
) -> None:
    """Read what is new in the forum into the snapshot, which the next build shows."""
    import os
    from datetime import UTC, datetime

    from milepost.comments.refresh import refreshed, transport_of

    settings = options.read(settings_file)
    _forum(settings)
    with transport_of(settings) as transport, _Shown() as shown:
        done = refreshed(settings, transport, datetime.now(UTC), shown.progress, everything=everything)
    threads, posts = _counted(len(done.snapshot.threads), "thread"), _counted(done.snapshot.count, "post")
    typer.echo(f"{threads}, {posts} in {os.path.relpath(done.path)}" + ("" if done.new else "; nothing new"))


def status(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    output: Annotated[Format, typer.Option("--format", help="For people or for programs.")] = Format.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """What the snapshot has, and when it was fetched."""
    import json
    import os

    from milepost.comments import snapshot

    settings = options.read(settings_file)
    forum, path = _forum(settings), snapshot.path_of(settings)
    found = snapshot.read(path)
    name = os.path.relpath(path)
    facts = {
        "forum": forum,
        "snapshot": name,
        "fetched": found.fetched.isoformat() if found else None,
        "threads": len(found.threads) if found else 0,
        "posts": found.count if found else 0,
        "newest": found.newest.isoformat() if found and found.newest else None,
    }
    if output is Format.JSON:
        typer.echo(json.dumps(facts))
    elif not found:
        typer.echo(f"{forum}: nothing in {name} yet; run `milepost comments fetch`")
    else:
        typer.echo(f"{forum}: {_counted(len(found.threads), 'thread')}, {_counted(found.count, 'post')} in {name}")
        newest = f"; the newest post is of {found.newest:%Y-%m-%d %H:%M} UTC" if found.newest else ""
        typer.echo(f"fetched {found.fetched:%Y-%m-%d %H:%M} UTC{newest}")


def _forum(settings: Settings) -> str:
    from milepost.comments.model import Settings as CommentSettings
    from milepost.errors import SettingsError

    forum = settings.of(CommentSettings).forum
    if not forum:
        raise SettingsError(
            f"comments are off; set COMMENTS_FORUM to the forum's short name on Disqus in {settings.site.file.name}"
        )
    return forum


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class _Shown:
    """Progress on a terminal; nothing elsewhere, where the last line says it all."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        console = Console(stderr=True)
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks = {what: self._bars.add_task(what, total=None, visible=False) for what in ("threads", "posts")}

    def __enter__(self) -> _Shown:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def progress(self, what: str, count: int, total: int | None) -> None:
        self._bars.update(self._tasks[what], completed=count, total=total, visible=True)
