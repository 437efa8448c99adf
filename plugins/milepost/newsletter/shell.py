"""What the build leaves for the services: the page in the theme that they fill, and the topics that there are.

Knows files and HTML only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from milepost.newsletter.model import SHELL, TOPICS, Topic
from milepost.settings import Settings

_SLOT = re.compile(r"<!-- milepost:slot -->.*?<!-- /milepost:slot -->", re.DOTALL)
_TITLE = re.compile(r"(?<=<title>).*?(?= · |</title>)", re.DOTALL)
# Where no site was built yet, the services answer all the same.
_BARE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title></title>
</head>
<body>
<main>
<!-- milepost:slot -->
<!-- /milepost:slot -->
</main>
</body>
</html>
"""


def shell_of(site: Path) -> Callable[[str, str], str]:
    """`shell(title, html)`: a whole page in the theme of the site built in `site`.

    `title` is plain text; `html` is all of `<main>`, its `<h1>` included, and safe to be shown. The page is read
    again whenever a build has replaced it.
    """
    kept: tuple[float, str] | None = None

    def shell(title: str, html: str) -> str:
        nonlocal kept
        path = site / SHELL
        try:
            changed = path.stat().st_mtime
            if kept is None or kept[0] != changed:
                kept = changed, path.read_text(encoding="utf-8")
            text = kept[1]
        except FileNotFoundError:
            text = _BARE
        # Functions, since a backslash in a text must not become a group of the pattern.
        text = _TITLE.sub(lambda _: escape(title), text, count=1)
        return _SLOT.sub(lambda _: html, text, count=1)

    return shell


def built_topics(settings: Settings) -> tuple[Topic, ...]:
    """The topics of the site as it was built last: in the output folder, or by the preview."""
    there = [site for site in (settings.site.output, settings.env.var / "preview") if (site / TOPICS).is_file()]
    return topics_of(max(there, key=lambda site: (site / TOPICS).stat().st_mtime)) if there else ()


def topics_of(site: Path) -> tuple[Topic, ...]:
    """The topics of the site built in `site`, in its order; none where it was not built yet."""
    try:
        listed = json.loads((site / TOPICS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(Topic(str(topic["slug"]), str(topic["name"])) for topic in listed)
