"""Pelican's half of the newsletter: the signup form that a theme includes, what the services need of the build (the
shell that they fill, the topics that readers choose from), and the issues that were sent, as pages.

Knows no subscriber; the site can be built where there is no database.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pelican import signals

from milepost import hooks
from milepost.arrivals import SURFACE
from milepost.errors import MilepostError
from milepost.newsletter import archive, issue_feed
from milepost.newsletter.model import DOCS, ISSUES, SHELL, TOPICS, WORDING, Settings
from milepost.settings import Settings as AllSettings

_PREVIEW = "MILEPOST_PREVIEW"


def keep_apart(pelican: Any) -> None:
    """Let Pelican publish no issue by hand as an article."""
    hooks.keep_apart(pelican.settings, [hooks.settings_of(pelican.settings).of(Settings).issues_path])


def offer(generator: Any) -> None:
    """Let templates include `newsletter/form.html`, which shows the wording that a consent keeps."""
    hooks.add_templates(generator, "newsletter")
    title = hooks.settings_of(generator.settings).of(Settings).name or "Newsletter"
    generator.env.globals |= {"newsletter_wording": WORDING, "newsletter_issues": ISSUES, "newsletter_title": title}


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


def write_issues(generator: Any, writer: Any) -> None:
    """Write a page for each issue that was sent, the list of them, and their feed."""
    settings = hooks.settings_of(generator.settings)
    title = generator.env.globals["newsletter_title"]
    issues = _issues(settings, bool(generator.settings.get(_PREVIEW)))
    pages = {
        content.touchpoint.id: content
        for content in generator.context["generated_content"].values()
        if hasattr(getattr(content, "touchpoint", None), "id") and content.status == "published"
    }

    def write(address: str, template: str, name: str, kind: str, words: tuple[str, str], **values: Any) -> None:
        writer.write_file(
            f"{address}index.html",
            generator.get_template(f"newsletter/{template}"),
            generator.context,
            relative_urls=generator.settings["RELATIVE_URLS"],
            override_output=True,
            url=address,
            page_words=words,
            touchpoint_name=name,
            touchpoint_kind=kind,
            touchpoint_surface=SURFACE,
            **values,
        )

    said = f"Every issue of {title} that was sent, newest first"
    sent = [one for one, outbox in issues if not outbox]
    feed = issue_feed.NAME if sent else ""
    write(ISSUES, "issues", "issues", "listing", (f"{title}: every issue", said), issues=issues, feed=feed)
    if sent:
        site_url, lang = generator.settings["SITEURL"], generator.settings["DEFAULT_LANG"]
        path = Path(writer.output_path, issue_feed.NAME)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(issue_feed.text_of(sent, site_url, title, lang), encoding="utf-8")
    for number, (one, outbox) in enumerate(issues):
        words = (one.subject, one.opening or f"{title}, {one.sent:%Y-%m-%d}")
        write(
            f"{ISSUES}{one.id}/", "issue", one.id, "mail", words,
            issue=one, outbox=outbox, touchpoint_published=one.sent,
            # A page is where it is now, whatever its address was when the issue was sent.
            posts=[{"said": post, "page": pages.get(post.touchpoint)} for post in one.posts],
            later=issues[number - 1][0] if number else None,
            earlier=issues[number + 1][0] if number + 1 < len(issues) else None,
        )  # fmt: skip


def _issues(settings: AllSettings, is_preview: bool) -> list[tuple[archive.SentIssue, bool]]:
    """The issues to be shown, newest first, each with whether it only went to the outbox."""
    try:
        sent = archive.read(archive.public(settings))
        tried = archive.read(archive.of_outbox(settings)) if is_preview else ()
    except MilepostError as error:
        hooks.stop([error])
    known = {one.id for one in sent}
    both = [(one, False) for one in sent] + [(one, True) for one in tried if one.id not in known]
    return sorted(both, key=lambda pair: (pair[0].sent, pair[0].id), reverse=True)


def connect() -> None:
    """Listen to Pelican."""
    signals.initialized.connect(keep_apart)
    signals.generator_init.connect(offer)
    signals.article_writer_finalized.connect(write_shell)
    signals.article_writer_finalized.connect(write_topics)
    signals.article_writer_finalized.connect(write_issues)
