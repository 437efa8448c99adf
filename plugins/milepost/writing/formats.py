"""Findings as text for people, as JSON for programs, and as the annotations of GitHub's workflows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from milepost.errors import Finding

_FIELDS = ("rule", "severity", "file", "line", "message", "remedy")
_COLOURS = {"error": "31", "warning": "33"}


def text(findings: Sequence[Finding], files: int, colour: bool) -> str:
    """A line for each finding, or one that says that there is none."""
    if not findings:
        return f"{files} file{'' if files == 1 else 's'} checked, nothing to mend"
    return "\n".join(_line(finding, colour) for finding in findings)


def _line(finding: Finding, colour: bool) -> str:
    if not colour:
        return str(finding)
    place, _, rest = str(finding).partition(": ")
    return f"\033[1m{place}:\033[0m \033[{_COLOURS[finding.severity]}m{rest}\033[0m"


def as_json(findings: Sequence[Finding]) -> str:
    """A list of objects, one a finding."""
    rows = [{name: asdict(finding)[name] for name in _FIELDS} for finding in findings]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def github(findings: Sequence[Finding]) -> str:
    """A workflow command for each finding, which GitHub shows beside the line."""
    return "\n".join(
        f"::{finding.severity} file={_property(finding.file)},line={finding.line or 1},"
        f"title={_property(finding.rule)}::{_data('; '.join(filter(None, (finding.message, finding.remedy))))}"
        for finding in findings
    )


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
