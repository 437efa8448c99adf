"""The checks of built pages: what only shows once sources, theme and settings have become a site.

A folder of files in, findings out; each file here owns one concern, and knows no Pelican object.
"""

from __future__ import annotations

from pathlib import Path

from milepost.errors import Finding
from milepost.settings import Settings


def findings(built: Path, settings: Settings) -> list[Finding]:
    """Everything that is wrong with the site built in the folder `built`, and with its sources."""
    from milepost.writing.built.site import whole_findings

    return whole_findings(built, settings)
