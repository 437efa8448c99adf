"""What becomes of each doc, for the check that no two sources are written to one file."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.docs.model import Settings as DocsSettings
from milepost.docs.model import save_as_of, slug_of, url_of
from milepost.errors import Finding
from milepost.settings import Settings
from milepost.sources import Source, Sources


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """Nothing of its own: a doc's fields, links and address are checked with everybody's."""
    yield from ()


def outputs(sources: Sources, settings: Settings) -> Iterator[tuple[Source, str]]:
    """The file below the output folder that each doc is written to."""
    ours = settings.of(DocsSettings)
    for source in sources.of_kind("doc"):
        yield source, save_as_of(url_of(slug_of(sources.place(source), ours.paths), ours.url))
