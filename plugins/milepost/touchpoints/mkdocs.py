"""A MkDocs plugin: the pages that MkDocs has written become touchpoints of a Milepost site.

In `mkdocs.yml`: `site_url`, and below `plugins` the name `milepost`, with `site` where that is elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from mkdocs.config import base, config_options
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.pages import Page

from milepost.errors import MilepostError
from milepost.touchpoints import tag, tree


class Options(base.Config):  # type: ignore[no-untyped-call]
    """What `mkdocs.yml` may say below the plugin's name."""

    surface = config_options.Type(str, default="docs")
    site = config_options.Type(str, default="")


class Milepost(BasePlugin[Options]):  # type: ignore[no-untyped-call]
    """Tags what `mkdocs build` has written. `mkdocs serve` shows pages to their writer, and measures nobody."""

    serves = False

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        self.serves = command == "serve"

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """A page whose front matter has `touchpoint: …` says so itself."""
        given = page.meta.get("touchpoint")
        return tag.with_own_id(output, str(given)) if given and not self.serves else output

    # After every other plugin, which may write pages too.
    @event_priority(-100)
    def on_post_build(self, *, config: MkDocsConfig, **_: Any) -> None:
        if self.serves:
            return
        try:
            served = tree.served_at(config.site_url or "", self.config.site, self.config.surface)
            tree.tag_tree(Path(config.site_dir), served)
        except ValueError as error:
            raise PluginError(f"{config.config_file_path}: site_url, site: {error}") from error
        except MilepostError as error:
            raise PluginError(str(error)) from error
