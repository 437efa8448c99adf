"""The site that is checked: built into `var/check`, and only anew when something that it is made of has changed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pelican

from milepost.build import Build
from milepost.inputs import inputs
from milepost.settings import Settings
from milepost.writing.built.cache import write
from milepost.writing.built.progress import busy


def site(settings: Settings, unpublished: Iterable[str]) -> Path:
    """The folder of the built site; built if need be.

    Args:
        unpublished: the sources that are not published now. What is due changes the site, and no file.
    Raises:
        BuildError: when Pelican refuses the site.
    """
    folder, stamp_file = settings.env.var / "check", settings.env.var / "cache" / "check.stamp"
    with _alone(settings.env.var / "cache" / "check.lock"):
        now = stamp(settings, *sorted(unpublished))
        if not folder.is_dir() or _read(stamp_file) != now:
            stamp_file.unlink(missing_ok=True)
            with busy("Building the site"):
                Build(settings.site.file, settings.site.content, folder, {}, settings.env.var).run()
            write(stamp_file, now)
    return folder


def stamp(settings: Settings, *more: str) -> bytes:
    """The same only if the site would be the same: of every file's size and time, every setting, and what else counts.

    Other packages count by the time at which one was installed or removed.
    """
    values = json.dumps(dict(settings.pelican), default=_steady, skipkeys=True, sort_keys=True)
    packages = Path(str(pelican.__file__)).parents[1].stat().st_mtime_ns
    digest = hashlib.blake2b(f"{more}{values}{packages}".encode(errors="surrogateescape"), digest_size=16)
    for path, status in sorted(inputs(settings).items()):
        digest.update(f"{path}{status}".encode(errors="surrogateescape"))
    return digest.hexdigest().encode()


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
