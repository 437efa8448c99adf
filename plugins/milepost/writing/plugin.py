"""Pelican's half of writing: checks before anything is written, and no trace of what is not to be published yet."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pelican import signals
from pelican.log import FatalLogger

from milepost import hooks, sources
from milepost.writing.addresses import aware
from milepost.writing.entries import entries
from milepost.writing.findings import all_findings, all_sources
from milepost.writing.model import UNPUBLISHED


def check(pelican: Any) -> None:
    """Stop the build with every error of every file; log what is only doubtful.

    Under `--fatal warnings` a warning is an error, and all of them are named, not only the first.
    """
    settings = hooks.settings_of(pelican.settings)
    found = all_findings(all_sources(settings), settings)
    strict = FatalLogger.fatal_lvl <= logging.WARNING
    if errors := [finding for finding in found if strict or finding.severity == "error"]:
        hooks.stop(errors)
    for finding in found:
        hooks.log.warning("%s", finding)


def skip_unpublished(generator: Any, metadata: dict[str, Any]) -> None:
    """Let Pelican skip drafts, which it would write to `drafts/`, and articles of the future, which it makes drafts."""
    date, settings = metadata.get("date"), generator.settings
    to_come = (
        isinstance(date, datetime)
        and hasattr(generator, "articles")
        and not settings["WITH_FUTURE_DATES"]
        and aware(date, settings) > datetime.now(UTC)
    )
    if to_come or str(metadata.get("status", "")).lower() in UNPUBLISHED:
        metadata["status"] = "skip"


def withhold_unpublished_sources(generator: Any) -> None:
    """Take the text of skipped sources out of the static files: Pelican copies what no generator took."""
    settings = hooks.settings_of(generator.settings)
    written = {Path(static.source_path) for static in generator.staticfiles}
    read = all_sources(settings) if any(path.suffix in sources.SUFFIXES for path in written) else None
    held_back = {entry.source.path for entry in entries(read, settings) if not entry.published} if read else set()
    generator.staticfiles = [
        static for static in generator.staticfiles if Path(static.source_path) not in held_back
    ]  # fmt: skip
    generator.context["staticfiles"] = generator.staticfiles


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(check)
    signals.article_generator_context.connect(skip_unpublished)
    signals.page_generator_context.connect(skip_unpublished)
    signals.static_generator_finalized.connect(withhold_unpublished_sources)
