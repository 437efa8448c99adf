"""Links in a mail say which mail they are in: by a parameter that anybody can read, the same for every reader.

No redirect and no token of a person. The journey script reads the parameter, and tells that the mail was met.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from milepost.touchpoints.model import checked_id

PARAMETER = "touchpoint"


def link(url: str, touchpoint: str) -> str:
    """`url` with the mail's touchpoint, such as `newsletter/2026-11-24`; what it says of one already is replaced.

    Raises:
        FieldFault: when `touchpoint` is no id.
    """
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if part and part.partition("=")[0] != PARAMETER]
    query = "&".join([*kept, f"{PARAMETER}={quote(checked_id(touchpoint), safe='/')}"])
    return urlunsplit(parts._replace(query=query))
