"""Touchpoints of built pages: no id twice, and none gone since the last publish without a way on.

Knows `touchpoints.json`, as everybody may; not who writes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from milepost.errors import Finding, MilepostError, Severity
from milepost.writing.built.fault import Fault
from milepost.writing.built.output import Output, address_of
from milepost.writing.redirects import LIST

RULE = "touchpoint"
VANISHED = "vanished-touchpoint"
MANIFEST = "touchpoints.json"
_MADE_ANEW = ("listing", "service")
"""Kinds of page that come and go with what they list: nobody wrote them."""


class NoManifest(MilepostError):
    """The file is no manifest of touchpoints."""

    exit_status = 2


class Vanished(NamedTuple):
    """A touchpoint that was published and is no more."""

    id: str
    address: str
    """Its place below SITEURL, as it was."""
    kind: str
    line: int
    """Where the old manifest has it."""


def twice(output: Output) -> Iterator[Fault]:
    """Ids of touchpoints that more than one page has."""
    first: dict[str, str] = {}
    for page, facts in output.pages.items():
        if not facts.touchpoint or facts.redirect:
            continue
        if facts.touchpoint in first:
            message = f'touchpoint "{facts.touchpoint}" is that of {first[facts.touchpoint]} too'
            yield Fault(page, RULE, message, "give one of them another")
        first.setdefault(facts.touchpoint, page)


def vanished(output: Output, old: Path) -> Iterator[Vanished]:
    """The touchpoints of the manifest `old` that the site has no more, and whose old address leads nowhere.

    Raises:
        NoManifest: when `old` is none.
    """
    now = {facts.touchpoint for facts in output.pages.values()}
    now |= {str(row["id"]) for row in _rows(output.root / MANIFEST)} if MANIFEST in output.files else set()
    redirected = _redirected(output)
    lines = old.read_text(encoding="utf-8").split("\n") if old.is_file() else []
    for row in _rows(old):
        place = urlsplit(str(row["url"])).path.removeprefix(output.prefix).lstrip("/")
        if row["id"] in now or place in redirected:
            continue
        quoted = json.dumps(row["id"], ensure_ascii=False)
        line = next((number for number, text in enumerate(lines, 1) if f'"id": {quoted}' in text), 0)
        yield Vanished(str(row["id"]), place, str(row.get("kind", "")), line)


def finding_of(gone: Vanished, old: Path, output: Output) -> Finding:
    """The fault at the old manifest: no source has it any more."""
    shown = output.shown(gone.address)
    if output.file_of(gone.address):
        message = f'touchpoint "{gone.id}" is gone, and another one is at {shown}'
        remedy = f'add "Touchpoint: {gone.id}" to it, and its journeys go on'
    else:
        message = f'touchpoint "{gone.id}" is gone, and nothing is at {shown}, where it was'
        remedy = f'add "Redirect_from: {shown}" to the page that takes its place'
    severity: Severity = "warning" if gone.kind in _MADE_ANEW else "error"
    return Finding(os.path.relpath(old), gone.line, VANISHED, message, remedy, severity)


def _redirected(output: Output) -> set[str]:
    """Old places from which readers are sent on."""
    places = {address_of(page) for page, facts in output.pages.items() if facts.redirect}
    if LIST in output.files:
        for line in (output.root / LIST).read_text(encoding="utf-8").splitlines():
            places |= {old.removeprefix(output.prefix).lstrip("/") for old in line.split()[:1]}
    return places


def _rows(manifest: Path) -> list[dict[str, object]]:
    remedy = "name a touchpoints.json that was published"
    try:
        rows = json.loads(manifest.read_bytes())["touchpoints"]
        if not all({"id", "url"} <= row.keys() for row in rows):
            raise KeyError("id")
    except OSError as error:
        raise NoManifest(f"{manifest}: {error.strerror}; {remedy}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoManifest(f"{manifest}: is no manifest of touchpoints; {remedy}") from error
    return list(rows)
