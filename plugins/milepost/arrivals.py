"""Links in a mail say which mail they are in: by a parameter that anybody can read, the same for every reader.

No redirect and no token of a person. The journey script reads the parameter, and tells that the mail was met.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

SURFACE = "newsletter"
"""Of the touchpoints of mails: the journey script takes no other from an address."""
PARAMETER = "touchpoint"
_NAME = re.compile(r"[a-z0-9._-]{1,80}")


def touchpoint_of(issue: str) -> str:
    """The touchpoint of an issue, by its id.

    Raises:
        ValueError: when no touchpoint can be made of it.
    """
    if not _NAME.fullmatch(issue):
        raise ValueError(f'"{issue}" names no issue; write 1 to 80 of a-z, 0-9, ".", "_" and "-"')
    return f"{SURFACE}/{issue}"


def link(url: str, touchpoint: str) -> str:
    """`url` with the mail's touchpoint, such as `newsletter/2026-11-24`; what it says of one already is replaced."""
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if part and part.partition("=")[0] != PARAMETER]
    return urlunsplit(parts._replace(query="&".join([*kept, f"{PARAMETER}={touchpoint}"])))
