"""The site that is checked: built into `var/check`, and only anew when something that it is made of has changed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from milepost.build import Build
from milepost.settings import Settings
from milepost.writing.built.cache import write

_PACKAGE = Path(__file__).parents[2]


def site(settings: Settings, unpublished: Iterable[str]) -> Path:
    """The folder of the built site; built if need be.

    Args:
        unpublished: the sources that are not published now. What is due changes the site, and no file.
    Raises:
        BuildError: when Pelican refuses the site.
    """
    folder, stamp_file = settings.env.var / "check", settings.env.var / "cache" / "check.stamp"
    with _alone(settings.env.var / "cache" / "check.lock"):
        stamp = _stamp(settings, unpublished)
        if not folder.is_dir() or _read(stamp_file) != stamp:
            stamp_file.unlink(missing_ok=True)
            Build(settings.site.file, settings.site.content, folder, {}).run()
            write(stamp_file, stamp)
    return folder


def _stamp(settings: Settings, unpublished: Iterable[str]) -> bytes:
    """The same only if the site would be the same: of every file's size and time, and every setting."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(sorted(unpublished)).encode())
    digest.update(json.dumps(dict(settings.pelican), default=_steady, skipkeys=True, sort_keys=True).encode())
    for path in _made_of(settings):
        digest.update(path.encode(errors="surrogateescape"))
        with contextlib.suppress(OSError):
            status = os.stat(path)  # noqa: PTH116  quicker, for many thousand files
            digest.update(f"{status.st_size} {status.st_mtime_ns} {status.st_ino};".encode())
    return digest.hexdigest().encode()


def _made_of(settings: Settings) -> Iterator[str]:
    site = settings.site
    plugins = [Path(str(path)) for path in settings.pelican.get("PLUGIN_PATHS", ())]
    for folder in dict.fromkeys([site.content, site.theme, _PACKAGE, *plugins]):
        for parent, folders, names in os.walk(folder, followlinks=True):
            folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
            yield from (f"{parent}/{name}" for name in sorted(names))
    # Settings may import settings that lie beside them, and name files: a snapshot of comments, say.
    yield from sorted(str(path) for path in site.file.parent.glob("*.py"))
    for model in settings.models.values():
        yield from (str(site.file.parent / value) for _, value in model if isinstance(value, str) and "." in value)


def _steady(value: object) -> str:
    """What stands for a setting that JSON cannot hold; never its address in memory."""
    if isinstance(value, set | frozenset):
        return repr(sorted(map(str, value)))
    return getattr(value, "pattern", None) or getattr(value, "__qualname__", None) or type(value).__name__


def _read(path: Path) -> bytes | None:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return None


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two checks at one time would build into one folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
