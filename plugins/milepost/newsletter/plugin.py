"""Pelican's half of the newsletter: the signup form that a theme includes, and what the services need of the build: the
shell that they fill, and the topics that readers choose from.

Knows no subscriber; the site can be built where there is no database.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pelican import signals

from milepost import hooks
from milepost.newsletter.model import DOCS, SHELL, TOPICS, WORDING, Settings


def keep_apart(pelican: Any) -> None:
    """Let Pelican publish no issue by hand as an article."""
    hooks.keep_apart(pelican.settings, [hooks.settings_of(pelican.settings).of(Settings).issues_path])


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


def write_topics(generator: Any, writer: Any) -> None:
    """Write what readers may choose, as the feed will name it: every category, and docs where a doc has a date."""
    topics = [{"slug": category.slug, "name": str(category.name)} for category, _ in generator.categories]
    if any(getattr(doc, "date", None) for doc in generator.context.get("docs", ())):
        topics.append(DOCS._asdict())
    path = Path(writer.output_path, TOPICS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(topics, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(keep_apart)
    signals.generator_init.connect(offer)
    signals.article_writer_finalized.connect(write_shell)
    signals.article_writer_finalized.connect(write_topics)
