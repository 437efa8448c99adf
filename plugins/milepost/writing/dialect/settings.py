"""Which extensions make the dialect, and how they meet what a site's own MARKDOWN says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milepost.writing.dialect.formulas import Formulas
from milepost.writing.dialect.tidy import Tidy
from milepost.writing.hints import FrontMatterComments

CONFIGS: dict[str, dict[str, Any]] = {
    "markdown.extensions.meta": {},
    "markdown.extensions.abbr": {},
    "markdown.extensions.admonition": {},
    "markdown.extensions.attr_list": {},
    "markdown.extensions.def_list": {},
    "markdown.extensions.footnotes": {},
    "markdown.extensions.md_in_html": {},
    # As `align=`, which Tidy makes a class of; else it would be a `style=` that the site's policy refuses.
    "markdown.extensions.tables": {"use_align_attribute": True},
    "markdown.extensions.toc": {"permalink": False},
    "pymdownx.arithmatex": {"generic": True, "smart_dollar": True},
    "pymdownx.blocks.admonition": {},
    "pymdownx.blocks.caption": {},
    "pymdownx.blocks.details": {},
    "pymdownx.blocks.tab": {"alternate_style": True},
    "pymdownx.details": {},
    "pymdownx.highlight": {"css_class": "highlight", "use_pygments": True, "linenums_style": "pymdownx-inline"},
    "pymdownx.keys": {},
    "pymdownx.superfences": {},
    "pymdownx.tasklist": {},
}
COVERED = ("markdown.extensions.extra", "markdown.extensions.codehilite", "markdown.extensions.fenced_code")
"""Extensions that others of the dialect stand for. Pelican's default names them; together they undo each other."""


def merged(given: Mapping[str, Any]) -> dict[str, Any]:
    """The dialect, changed by what a site's own MARKDOWN names: it may configure every extension, and add others."""
    own = {name: config for name, config in given.get("extension_configs", {}).items() if name not in COVERED}
    configs = {name: {**config, **own.get(name, {})} for name, config in CONFIGS.items()}
    configs |= {name: dict(config) for name, config in own.items() if name not in configs}
    named = [extension for extension in given.get("extensions", ()) if extension not in COVERED]
    extensions = [*(name for name in configs if name not in named), *named]
    extensions += [Formulas(), Tidy(), FrontMatterComments()]
    return {"output_format": "html5", **given, "extension_configs": configs, "extensions": extensions}
