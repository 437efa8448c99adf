"""All checks of one built site, put together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from milepost.errors import Finding
from milepost.settings import Settings
from milepost.sources import Sources
from milepost.writing import findings
from milepost.writing.built import blame, external, feeds, fresh, identity, rules, shape, unused
from milepost.writing.built.cache import Cache
from milepost.writing.built.fault import Fault
from milepost.writing.built.links import Links
from milepost.writing.built.origin import Origin
from milepost.writing.built.output import Output
from milepost.writing.entries import entries


def whole_findings(built: Path, settings: Settings) -> list[Finding]:
    """What is wrong with the sources and with the site built of them in the folder `built`."""
    sources = findings.all_sources(settings)
    found = findings.of_sources(sources, settings)
    found |= set(page_findings(Output(built, settings, Cache(None)), sources, settings))
    return findings.settled(found, sources, without=[external.RULE])


def checked(
    sources: Sources, settings: Settings, manifest: Path | None = None, asked: external.Asked | None = None
) -> list[Finding]:  # fmt: skip
    """What is wrong with the sources, or else, where they have no error, with the pages that are built of them.

    Args:
        manifest: as for `page_findings`.
        asked: asks other sites about the links to them; without it nobody does.
    Raises:
        BuildError: when Pelican refuses the site.
    """
    found = findings.of_sources(sources, settings)
    in_sources = findings.settled(found, sources, without=(*rules.RULES, *rules.SHARED))
    if any(finding.severity == "error" for finding in in_sources):
        return in_sources
    unpublished = [entry.place for entry in entries(sources, settings) if not entry.published]
    cache = Cache(settings.env.var / "cache" / "pages.msgpack")
    output = Output(fresh.site(settings, unpublished), settings, cache)
    found |= set(page_findings(output, sources, settings, manifest))
    if asked:
        found |= set(blame.findings(external.faults(output, asked), Origin(output, sources, settings)))
    return findings.settled(found, sources, without=() if asked else (external.RULE,))


def page_findings(
    output: Output, sources: Sources, settings: Settings, manifest: Path | None = None
) -> Iterator[Finding]:  # fmt: skip
    """What is wrong with the built pages.

    Args:
        manifest: a touchpoints.json that was published before; what it has must still be there.
    """
    yield from blame.findings(_faults(output), Origin(output, sources, settings))
    yield from unused.findings(output, sources, settings)
    if manifest:
        yield from (identity.finding_of(gone, manifest, output) for gone in identity.vanished(output, manifest))


def _faults(output: Output) -> Iterator[Fault]:
    yield from Links(output).faults()
    yield from shape.faults(output)
    yield from identity.twice(output)
    yield from feeds.faults(output)
