"""A Sphinx extension: the pages that Sphinx has written become touchpoints of a Milepost site.

In `conf.py`: `extensions = ["milepost.touchpoints.sphinx"]`, `html_baseurl`, and `milepost_site` where that is
elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from milepost.errors import MilepostError
from milepost.touchpoints import tree

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls: the extension's settings, and the moment at which it works."""
    app.add_config_value("milepost_surface", "docs", "html", str)
    app.add_config_value("milepost_site", "", "html", str)
    app.connect("build-finished", _tag)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _tag(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    from sphinx.errors import ConfigError, ExtensionError

    try:
        served = tree.served_at(app.config.html_baseurl, app.config.milepost_site, app.config.milepost_surface)
    except ValueError as error:
        raise ConfigError(f"{app.confdir}/conf.py: html_baseurl, milepost_site: {error}") from error
    try:
        tree.tag_tree(Path(app.outdir), served)
    except MilepostError as error:
        raise ExtensionError(str(error), modname=__name__) from error
