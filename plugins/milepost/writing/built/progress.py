"""What takes its time, and how far it has come, for whoever sits at a terminal."""

from __future__ import annotations

import contextlib
import ipaddress
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from milepost.settings import Settings
from milepost.writing.built.asking import Manners
from milepost.writing.built.external import Asked, Told


def asked(settings: Settings) -> Asked:
    """Who asks other sites. A site on this machine may have links to this machine."""
    manners = Manners(may_be_private=_is_loopback(urlsplit(settings.site.url).hostname or "localhost"))
    return Asked(settings.env.var / "cache" / "external.json", manners, _bar if sys.stderr.isatty() else None)


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@contextlib.contextmanager
def _bar(count: int) -> Iterator[Told]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Asking other sites", total=count)
        yield lambda url: progress.advance(task)


@contextlib.contextmanager
def busy(what: str) -> Iterator[None]:
    """Say what is being done for as long as it is."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
