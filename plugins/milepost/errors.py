"""The one tree of errors, and the finding: what is wrong, where, and what to do about it.

Libraries raise; edges translate: a plugin logs and stops the build, a command prints and exits
non-zero, a service answers with a status. Nothing here knows of files, Pelican or HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Finding:
    """One fault in one place, in the words of `milepost check`.

    `file` is relative to where the command runs; `line` counts from 1, 0 means the whole file.
    """

    file: str
    line: int
    rule: str
    message: str
    remedy: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        note = "warning: " if self.severity == "warning" else ""
        return f"{where}{note}{self.message}" + (f"; {self.remedy}" if self.remedy else "")


class MilepostError(Exception):
    """Something failed that a person can mend. `str()` is the line to show them."""

    exit_status = 1


class ContentError(MilepostError):
    """What was written cannot be published: one or more findings, sorted by place."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = sorted(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class SettingsError(MilepostError):
    """`pelicanconf.py` or the environment says something that cannot be meant."""

    exit_status = 2
