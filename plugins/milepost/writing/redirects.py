"""Old addresses that lead to where their pages are now: `Redirect_from:`. Knows addresses, and no Pelican object."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup

from milepost.errors import Finding
from milepost.writing.entries import Entry
from milepost.writing.model import Fields

RULE = "redirect"
LIST = "_redirects"
"""The file below the output folder that many hosts read, which then answer with a 301 and no page."""

_PAGE = Markup("""\
<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<meta http-equiv="refresh" content="0; url={url}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="canonical" href="{url}">
<title>{title}</title>
</head>
<body>
<p><a href="{url}">{title}</a></p>
</body>
</html>
""")


@dataclass(frozen=True)
class Redirect:
    """One old address, as a path below the site's, and the page that it leads to."""

    old: str
    url: str
    """Of the page as it is now, absolute."""
    title: str
    """As HTML, without tags."""
    lang: str

    @property
    def file(self) -> str:
        return file_of(self.old)

    def page(self) -> str:
        """The page at the old address, for hosts that do not read the list."""
        return str(_PAGE.format(lang=self.lang, url=self.url, title=Markup(self.title)))  # noqa: S704  Pelican's HTML


def file_of(old: str) -> str:
    """The file below the output folder that answers at the path `old`."""
    path = old.lstrip("/")
    if not path or path.endswith("/"):
        return f"{path}index.html"
    return path if posixpath.splitext(path)[1] in (".html", ".htm") else f"{path}/index.html"


def listed(redirects: Iterable[Redirect], site_url: str) -> str:
    """The text of `_redirects`: old path, new path, status, a line each."""
    prefix = urlsplit(site_url).path.rstrip("/")
    rows = sorted((f"{prefix}{redirect.old}", urlsplit(redirect.url).path or "/") for redirect in redirects)
    return "".join(f"{old} {new} 301\n" for old, new in rows)


def faults(entries: Iterable[Entry], written: Mapping[Path, str], direct: Mapping[str, str]) -> Iterator[Finding]:
    """Old addresses that are somebody's address now, or that two pages claim.

    Args:
        written: the file below the output folder that each source is written to.
        direct: of files that the site writes by itself, what each is.
    """
    published = [entry for entry in entries if entry.published]
    now = dict(direct) | {
        written[entry.source.path]: entry.source.name for entry in published if entry.source.path in written
    }
    claimed: dict[str, str] = {}
    for entry in published:
        source = entry.source
        for old in entry.fields.redirect_from if isinstance(entry.fields, Fields) else ():
            file, line = file_of(old), source.line("redirect_from")
            if written.get(source.path) == file:
                what = f'"{old}" is the address of this very page: a loop'
                yield Finding(source.name, line, RULE, what, "take it out")
            elif file in now:
                what = f'"{old}" is the address of {now[file]}'
                yield Finding(source.name, line, RULE, what, "take it out, or give that another address")
            elif file in claimed:
                what = f'"{old}" leads to {claimed[file]} already'
                yield Finding(source.name, line, RULE, what, "leave it in one of them")
            else:
                claimed[file] = source.name
