"""Commands: comments fetch, comments status, comments export."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from milepost import options
from milepost.comments.status import counted

if TYPE_CHECKING:
    from milepost.settings import Settings


class Format(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    JSON = "json"


class ExportFormat(StrEnum):
    """Into what comments are taken."""

    MARKDOWN = "markdown"
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
    comments.command(epilog="Example: milepost comments export --dry-run")(export)
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
    threads, posts = counted(len(done.snapshot.threads), "thread"), counted(done.snapshot.count, "post")
    typer.echo(f"{threads}, {posts} in {os.path.relpath(done.path)}" + ("" if done.new else "; nothing new"))


def status(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    output: Annotated[Format, typer.Option("--format", help="For people or for programs.")] = Format.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """What the snapshot has, which of it belongs to no article, and what waits for a moderator."""
    import json

    from milepost.comments.status import facts_of, lines_of

    settings = options.read(settings_file)
    _forum(settings)
    facts = facts_of(settings)
    if output is Format.JSON:
        typer.echo(json.dumps(facts))
    else:
        typer.echo("\n".join(lines_of(facts)))


def export(
    settings_file: options.SettingsFile = options.DEFAULT_SETTINGS,
    output: Annotated[
        ExportFormat, typer.Option("--format", help="Markdown beside the posts, or JSON on the standard output.")
    ] = ExportFormat.MARKDOWN,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    verbose: options.Verbose = False,
) -> None:
    """Take the comments elsewhere: into `….comments.md` beside each post, or into one JSON document.

    What is fetched is exported; which post it belongs to is what the last build found. A file that somebody has edited
    is left alone.
    """
    import json

    from milepost.comments import beside, export, snapshot
    from milepost.comments.model import CommentsError

    settings = options.read(settings_file)
    _forum(settings)
    kept, pages = snapshot.read(snapshot.path_of(settings)), beside.remembered(settings)
    if kept is None:
        raise CommentsError("there are no comments yet; run `milepost comments fetch`")
    if pages is None:
        raise CommentsError("no build has told yet which post has which comments; run `milepost build`")
    if output is ExportFormat.JSON:
        typer.echo(json.dumps(export.as_json(kept, pages), ensure_ascii=False, indent=1))
        return
    threads = {thread.id: thread for thread in kept.threads}
    edited = 0
    for page in pages:
        thread, path = threads.get(page.thread), export.beside(page)
        if not thread or not thread.posts or not path.parent.is_dir():
            continue
        if not export.may_write(path):
            edited += 1
            typer.echo(f"{snapshot.name_of(path)}: not ours or edited; move it away to export it again", err=True)
            continue
        if not dry_run:
            export.write(path, export.as_markdown(thread))
        note = "would be written, " if dry_run else ""
        typer.echo(f"{snapshot.name_of(path)}: {note}{counted(thread.count, 'comment')}")
    lost = {thread.id for thread in kept.threads if thread.count} - {page.thread for page in pages}
    if lost:
        typer.echo(f"{counted(len(lost), 'thread')} of no article: `--format json` has them")
    if edited:
        raise typer.Exit(1)


def _forum(settings: Settings) -> str:
    from milepost.comments.model import Settings as CommentSettings
    from milepost.errors import SettingsError

    forum = settings.of(CommentSettings).forum
    if not forum:
        raise SettingsError(
            f"comments are off; set COMMENTS_FORUM to the forum's short name on Disqus in {settings.site.file.name}"
        )
    return forum


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
