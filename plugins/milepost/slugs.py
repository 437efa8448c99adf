"""Slugs as Pelican makes them, by Pelican's settings. Knows no file and no Pelican object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def slugify(text: str, pelican: Mapping[str, Any], kind: str = "") -> str:
    """`text` as Pelican writes it into an address; may be empty.

    Args:
        pelican: Pelican's settings.
        kind: `AUTHOR`, `CATEGORY` or `TAG`, which may have substitutions of their own.
    """
    from pelican.utils import slugify as by_pelican  # here, since `milepost --help` needs no Pelican

    usual = pelican.get("SLUG_REGEX_SUBSTITUTIONS", [])
    made: str = by_pelican(
        text,
        regex_subs=pelican.get(f"{kind}_REGEX_SUBSTITUTIONS", usual),
        preserve_case=pelican.get("SLUGIFY_PRESERVE_CASE", False),
        use_unicode=pelican.get("SLUGIFY_USE_UNICODE", False),
    )
    return made
