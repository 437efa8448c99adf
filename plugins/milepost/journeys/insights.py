"""Insights: what stopped readers of late, told where a writer can mend it, as `milepost check` tells its findings.

What was mended since is left out as far as it can be seen: words that a page has by now, an address that has a page.
What readers typed is hostile, and is shown without what a terminal would obey.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from milepost.errors import Finding
from milepost.journeys import model
from milepost.journeys.checks import PREFIX
from milepost.journeys.measures.events import Opened
from milepost.journeys.measures.obstacles.ranked import obstacles
from milepost.journeys.measures.span import span
from milepost.journeys.questions import built_site, open_archive
from milepost.journeys.synthetic import NOTE, is_synthetic
from milepost.settings import Settings
from milepost.sources import Source, Sources

DAYS = 90
"""So far back insights look: what readers met before may be mended long since."""
Row = Mapping[str, Any]


class Insights(NamedTuple):
    """What was found, and one line on what it was found in, for people."""

    findings: list[Finding]
    told: str


def insights(
    settings: Settings, sources: Sources, pages: Mapping[str, Source], built: Path, now: datetime
) -> Insights:  # fmt: skip
    """The obstacles of the last DAYS days, as warnings on the sources that they can be mended in.

    Args:
        sources: those of the site. pages: by the file below the output folder, the source that it is written from.
        built: the folder of those pages, as the check has built them; where it has not, the site built last will do.
        now: aware.
    Raises:
        MilepostError: the archive or the list of touchpoints cannot be read.
    """
    site = built if (built / "touchpoints.json").is_file() else built_site(settings)
    found = open_archive(settings, site, now - timedelta(days=DAYS), now)
    spanned = span(found.events)
    if not spanned["events"]:
        told = f"no journeys of the last {DAYS} days are archived; events come from readers of a site with "
        return Insights([], f"insights: {told}`milepost serve` or `milepost app`, and `make demo` shows what they tell")
    rows = obstacles(found.events, found.places, lookback_days=settings.of(model.Settings).lookback_days)
    places = _Places(settings, sources, pages, found, site)
    findings = sorted({finding for row in rows for finding in places.findings(row)})
    told = f"insights: from {spanned['events']:,} events of the last {DAYS} days"
    if not findings:
        told += ", nothing that stopped readers"
    return Insights(findings, f"{told}. {NOTE}" if is_synthetic(settings.env) else told)


class _Places:
    """Where in the sources an obstacle can be mended."""

    def __init__(
        self, settings: Settings, sources: Sources, pages: Mapping[str, Source], found: Opened, site: Path
    ) -> None:  # fmt: skip
        self.sources, self.site = sources, site
        self.content = os.path.relpath(settings.site.content)
        self.host = urlsplit(settings.site.url).netloc
        prefix = urlsplit(settings.site.url).path
        self.source_of: dict[str, Source] = {}
        for name, row in found.touchpoints.items():
            file = urlsplit(str(row.get("url") or "")).path.removeprefix(prefix).lstrip("/")
            source = pages.get(f"{file}index.html" if not file or file.endswith("/") else file)
            if source:
                self.source_of[name] = source

    def findings(self, row: Row) -> Iterator[Finding]:
        kind = row["obstacle"]
        if kind == "search":
            yield from self._search(row)
        elif kind == "not-found":
            yield from self._not_found(row)
        else:
            message = {
                "dead-end": _dead_end, "back-and-forth": _back_and_forth, "form": _form, "slow": _slow,
                "unhelpful": _unhelpful,
            }[kind](row)  # fmt: skip
            yield self._at(row, message)

    def _search(self, row: Row) -> Iterator[Finding]:
        words = row["what"].casefold()
        has_it = any(words in f"{source.get('title') or ''}\n{source.body}".casefold() for source in self.sources.all)
        if not has_it:
            message = f'search "{_safe(row["what"])}" found nothing {_times(row["failed"])}'
            yield self._finding(row, self.content, 0, message, f"no page has it: {_remedy(row)}")

    def _not_found(self, row: Row) -> Iterator[Finding]:
        path = row["what"]
        name = path.strip("/")
        if name and any((self.site / one).is_file() for one in (name, f"{name}/index.html")):
            return
        asked = f"readers asked {_times(row['failed'])} for {_safe(path)}, which is no page"
        links = (
            [(source, line) for source in self.sources.all for line in _lines(source, path)] if len(name) > 2 else []
        )
        for source, line in links:
            yield self._finding(row, source.name, line, f"{asked}; this line names it", _remedy(row))
        if not links:
            # The site's own pages are no news as the ones that led there.
            hosts = [_safe(host) for host in row["examples"] if host != self.host]
            linked = f", linked from {', '.join(hosts)}" if hosts else ""
            yield self._finding(row, self.content, 0, asked + linked, _remedy(row))

    def _at(self, row: Row, message: str) -> Finding:
        """A finding in the page's own source; of a page that has none, below the content as a whole."""
        source = self.source_of.get(row["touchpoint"])
        if not source:
            return self._finding(row, self.content, 0, f"{row['touchpoint']}: {message}", _remedy(row))
        return self._finding(row, source.name, _line(row, source), message, _remedy(row))

    def _finding(self, row: Row, file: str, line: int, message: str, remedy: str) -> Finding:
        return Finding(file, line, f"{PREFIX}{row['obstacle']}", message, remedy, "warning")


def _line(row: Row, source: Source) -> int:
    """Where to mend it in the page's own source; 0 where it is about all of it."""
    if row["obstacle"] == "dead-end":
        return source.body_line + len(source.body.rstrip().split("\n")) - 1
    if row["obstacle"] == "form":
        return next(iter(_lines(source, row["what"])), 0)
    return 0


def _lines(source: Source, text: str) -> list[int]:
    lines = enumerate(source.body.split("\n"), source.body_line)
    return [number for number, line in lines if text in line]


def _dead_end(row: Row) -> str:
    return f"a dead end: {row['failed']:,} of {row['tries']:,} visits that came here ended here"


def _back_and_forth(row: Row) -> str:
    return f"readers go to and fro between it and {row['what']}, in {row['failed']:,} of {row['tries']:,} visits"


def _form(row: Row) -> str:
    return f'the form "{_safe(row["what"])}" was begun in {row["tries"]:,} visits, and not sent in {row["failed"]:,}'


def _slow(row: Row) -> str:
    return f"slow: {row['what']} was above what is good in {row['failed']:,} of {row['tries']:,} measurements"


def _unhelpful(row: Row) -> str:
    said = ", ".join(f"“{_safe(comment)}”" for comment in row["examples"])
    return f"did not help {row['failed']:,} of {row['tries']:,} who answered" + (f", who wrote {said}" if said else "")


def _times(count: int) -> str:
    return f"{count:,} time{'' if count == 1 else 's'}"


def _remedy(row: Row) -> str:
    """As findings have it: no capital, no full stop."""
    remedy = _safe(row["remedy"])
    return f"{remedy[:1].lower()}{remedy[1:].rstrip('.')}"


def _safe(text: str) -> str:
    """One line of at most 200 characters, all of which are only shown."""
    shown = "".join(one if one.isprintable() else "�" for one in text)
    return shown if len(shown) <= 200 else f"{shown[:199]}…"
