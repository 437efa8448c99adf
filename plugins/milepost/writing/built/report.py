"""What a check has to say, kept until something changes: a site of many thousand files is checked at once.

A file that cannot be read counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from pathlib import Path

import msgspec

from milepost.errors import Finding
from milepost.inputs import stamp
from milepost.settings import Settings
from milepost.writing import findings
from milepost.writing.built.cache import write
from milepost.writing.built.external import Asked
from milepost.writing.built.site import checked


class Report(msgspec.Struct, frozen=True):
    """Everything that `milepost check` tells of a site."""

    findings: list[Finding]
    files: int
    """How many sources were looked at."""
    waiting: list[str]
    """A line for each source that is not published yet."""


class _Kept(msgspec.Struct, frozen=True):
    stamp: bytes
    until: float
    """Seconds since 1970 at which a source is due, which changes the site and no file; infinite where none is."""
    report: Report


def of_site(
    settings: Settings, manifest: Path | None = None, asked: Asked | None = None, now: float | None = None
) -> Report:  # fmt: skip
    """The report of the site as it is, made anew only if anything that it is made of has changed.

    Args:
        manifest, asked: as for `checked`. What other sites answer is never kept here.
        now: seconds since 1970.
    Raises:
        BuildError: when Pelican refuses the site.
    """
    now = time.time() if now is None else now
    path = settings.env.var / "cache" / "report.msgpack"
    # Before anything is read, so that what changes meanwhile is looked at the next time.
    as_is = stamp(settings, str(Path.cwd()), _digest(manifest))
    kept = None if asked else _read(path)
    if kept and kept.stamp == as_is and now < kept.until:
        return kept.report
    sources = findings.all_sources(settings)
    found = checked(sources, settings, manifest, asked)
    waiting = findings.all_waiting(sources, settings)
    report = Report(found, len(sources.all), [f"due {one}" if one.date else str(one) for one in waiting])
    if not asked:
        until = min((one.date.timestamp() for one in waiting if one.date), default=float("inf"))
        write(path, msgspec.msgpack.encode(_Kept(as_is, until, report)))
    return report


def _read(path: Path) -> _Kept | None:
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
    return None


def _digest(manifest: Path | None) -> str:
    with contextlib.suppress(OSError):
        return f"{manifest} {hashlib.blake2b(manifest.read_bytes()).hexdigest()}" if manifest else ""
    return str(manifest)
