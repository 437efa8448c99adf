"""Pelican's half of the newsletter: the signup form that a theme includes, and the shell that the services fill.

Knows no subscriber; the site can be built where there is no database.
"""

from __future__ import annotations

from typing import Any

from pelican import signals

from milepost import hooks
from milepost.newsletter.model import SHELL, WORDING


def offer(generator: Any) -> None:
    """Let templates include `newsletter/form.html`, which shows the wording that a consent keeps."""
    hooks.add_templates(generator, "newsletter")
    generator.env.globals["newsletter_wording"] = WORDING


def write_shell(generator: Any, writer: Any) -> None:
    """Write the one page, in the theme, whose slot the services fill."""
    writer.write_file(
        SHELL,
        generator.get_template("newsletter/shell"),
        generator.context,
        relative_urls=generator.settings["RELATIVE_URLS"],
        override_output=True,
        url=SHELL,
        touchpoint_name="newsletter",
        touchpoint_kind="service",
    )


def connect() -> None:
    """Listen to Pelican."""
    signals.generator_init.connect(offer)
    signals.article_writer_finalized.connect(write_shell)
