"""The site that is checked: built into `var/check`, and only anew when something that it is made of has changed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from milepost.build import Build
from milepost.inputs import inputs
from milepost.settings import Settings
from milepost.writing.built.cache import write


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
    made_of = sorted(inputs(settings).items())
    values = json.dumps(dict(settings.pelican), default=_steady, skipkeys=True, sort_keys=True)
    text = f"{sorted(unpublished)}{values}{made_of}"
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).hexdigest().encode()


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
