"""What a site is made of: every file that its build reads, as it is now. Knows settings and folders; reads no file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from milepost.settings import Settings

Stamp = tuple[int, int, int]
"""A file's size, time of change in nanoseconds, and inode: another one wherever an editor has saved."""

_PACKAGE = Path(__file__).parent
_NEVER = ("__pycache__", ".git")


def inputs(settings: Settings, without: Iterable[Path] = ()) -> dict[str, Stamp]:
    """Every file that the site is built of, by its path, in no order.

    Args:
        without: folders that are written to and so are none of it, beside the output and the state.
    """
    left_out = {str(path) for path in (settings.site.output, settings.env.var, *without)}
    found: dict[str, Stamp] = {}
    for path in _paths(settings, left_out):
        # What vanishes while it is looked for is not there.
        with contextlib.suppress(OSError):
            status = os.stat(path)  # noqa: PTH116  quicker, for many thousand files
            found[path] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def folders(settings: Settings) -> list[Path]:
    """The folders below which everything is part of the site: its content, its theme, what builds it."""
    named = [*settings.pelican.get("THEME_TEMPLATES_OVERRIDES", ()), *settings.pelican.get("PLUGIN_PATHS", ())]
    every = [settings.site.content, settings.site.theme, *(Path(str(path)).absolute() for path in named), _PACKAGE]
    found = [folder for folder in dict.fromkeys(every) if folder.is_dir()]
    return [folder for folder in found if not any(other in folder.parents for other in found)]


RACY_NS = 100_000_000
"""Within so short a time, two versions of a file may look the same."""


def stamp(settings: Settings, *more: str, without: Iterable[Path] = ()) -> bytes:
    """The same only if the site would be the same: of every file's stamp, every setting, and what else counts.

    Other packages count by the time at which one was installed or removed.
    """
    values = json.dumps(dict(settings.pelican), default=_steady, skipkeys=True, sort_keys=True)
    text = f"{more}{values}{sys.version}{_packages()}".encode(errors="surrogateescape")
    digest = hashlib.blake2b(text, digest_size=16)
    just_now = time.time_ns() - RACY_NS
    for path, status in sorted(inputs(settings, without).items()):
        # What was written only just now may be written again and look the same: this stamp is like no other.
        salt = os.urandom(8) if status[1] > just_now else b""
        digest.update(f"{path}{status}".encode(errors="surrogateescape") + salt)
    return digest.hexdigest().encode()


def _steady(value: object) -> str:
    """What stands for a setting that JSON cannot hold; never its address in memory."""
    if isinstance(value, set | frozenset):
        return repr(sorted(map(str, value)))
    return getattr(value, "pattern", None) or getattr(value, "__qualname__", None) or type(value).__name__


def _packages() -> int:
    import pelican

    return Path(str(pelican.__file__)).parents[1].stat().st_mtime_ns


def version(pelican_settings: Mapping[str, Any]) -> bytes:
    """The same only if the same code would build the site: this package's, the site's plugins', others' packages.

    Others' packages count by the time at which one was installed or removed.
    """
    named = [Path(str(path)).absolute() for path in pelican_settings.get("PLUGIN_PATHS", ())]
    files = {path for folder in (_PACKAGE, *named) for path in folder.rglob("*.py")}
    stats = [(str(path), path.stat()) for path in sorted(files)]
    texts = [f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ino}" for path, found in stats]
    return hashlib.blake2b(f"{sys.version} {_packages()} {texts}".encode(), digest_size=16).digest()


def _paths(settings: Settings, left_out: set[str]) -> Iterator[str]:
    # By default Pelican reads no name that begins with a dot, and editors write many.
    unread = "." if {".*", "**/.*"} & set(settings.pelican.get("IGNORE_FILES", ())) else "/"
    for folder in folders(settings):
        for parent, below, names in os.walk(folder, followlinks=True):
            below[:] = [
                name for name in below
                if name not in _NEVER and not name.startswith(unread) and f"{parent}/{name}" not in left_out
            ]  # fmt: skip
            yield from (f"{parent}/{name}" for name in names if not name.startswith(unread))
    # Settings may import settings that lie beside them, and name files: a snapshot of comments, say.
    beside = settings.site.file.parent
    yield from map(str, beside.glob("*.py"))
    for model in settings.models.values():
        yield from (str(beside / value) for _, value in model if isinstance(value, str) and "." in value)
        yield from (str(settings.env.var / name) for name in model.kept())
