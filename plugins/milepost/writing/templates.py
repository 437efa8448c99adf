"""Templates of the theme that are no Jinja: said by file and line, where a build would end in a traceback.

Knows Jinja's grammar; knows no filter and no variable, which plugins may bring.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from milepost.errors import Finding
from milepost.settings import Settings

RULE = "template"


def faults(settings: Settings) -> Iterator[Finding]:
    """What is wrong with each template that a build may read, the theme's and those that override it."""
    from jinja2 import Environment, TemplateSyntaxError

    given: Mapping[str, Any] = settings.pelican.get("JINJA_ENVIRONMENT", {})
    environment = Environment(**given)  # noqa: S701  it only parses
    overrides = [Path(str(folder)) for folder in settings.pelican.get("THEME_TEMPLATES_OVERRIDES", ())]
    for folder in (*overrides, settings.site.theme / "templates"):
        for file in sorted(folder.rglob("*.html")):
            try:
                environment.parse(file.read_text(encoding="utf-8"))
            except TemplateSyntaxError as error:
                what = f"no template: {(error.message or 'it ends too early').rstrip('.')}"
                yield Finding(os.path.relpath(file), error.lineno, RULE, what, "mend the tag")
            except UnicodeDecodeError:
                yield Finding(os.path.relpath(file), 1, RULE, "is not UTF-8", "save the file as UTF-8")
