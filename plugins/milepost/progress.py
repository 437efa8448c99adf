"""How far long work has come, for whoever sits at a terminal; nothing elsewhere.

A build runs in a process whose output is kept. Who starts it hands over a descriptor of the terminal, by the number
in the variable FD.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import IO

FD = "MILEPOST_PROGRESS_FD"


@contextlib.contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar for `total` steps; call what it yields after each."""
    terminal = _terminal()
    if terminal is None or not total:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(file=terminal), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


def _terminal() -> IO[str] | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        handed = os.fdopen(int(os.environ[FD]), "w", closefd=False)
        return handed if handed.isatty() else None
    return sys.stderr if sys.stderr.isatty() else None
