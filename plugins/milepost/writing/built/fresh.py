"""The site that is checked: built into `var/check`, and only anew when something that it is made of has changed."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterable, Iterator
from pathlib import Path

from milepost.build import Build
from milepost.inputs import stamp
from milepost.settings import Settings
from milepost.writing.built.cache import write
from milepost.writing.built.progress import busy


def folder(settings: Settings) -> Path:
    """Where it is, once it was built."""
    return settings.env.var / "check"


def site(settings: Settings, unpublished: Iterable[str]) -> Path:
    """The folder of the built site; built if need be.

    Args:
        unpublished: the sources that are not published now. What is due changes the site, and no file.
    Raises:
        BuildError: when Pelican refuses the site.
    """
    built, stamp_file = folder(settings), settings.env.var / "cache" / "check.stamp"
    with _alone(settings.env.var / "cache" / "check.lock"):
        now = stamp(settings, *sorted(unpublished))
        if not built.is_dir() or _read(stamp_file) != now:
            stamp_file.unlink(missing_ok=True)
            with busy("Building the site"):
                Build(settings, built).run()
            write(stamp_file, now)
    return built


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
