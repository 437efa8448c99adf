"""The checks of issues that are written by hand: whom they are for, what they are called, where their links lead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from milepost.errors import Finding
from milepost.newsletter.model import DOCS, Topic
from milepost.prose import links
from milepost.schema import nearest
from milepost.settings import Settings
from milepost.slugs import slugify
from milepost.sources import Source, Sources

RULES = {
    "issue-empty": "An issue by hand says something below its fields.",
    "issue-link": "A link of an issue is a whole address, or begins with /: a mail is beside no page, and is none of "
    "Pelican's, whose {filename} it does not know.",
    "issue-name": "The file of an issue is called by 1 to 80 of a-z, 0-9, “.”, “_” and “-”: that is the issue's id.",
    "issue-topic": "The topics of an issue are names of categories, or Docs: what readers choose from.",
}

_NAME = re.compile(r"[a-z0-9._-]{1,80}")


def findings(sources: Sources, settings: Settings) -> Iterator[Finding]:
    """What is wrong with the issues by hand, beside their fields."""
    offered = offered_by(sources, settings)
    for source in sources.of_kind("issue"):
        yield from of_issue(source, offered)


def of_issue(source: Source, offered: Sequence[Topic]) -> Iterator[Finding]:
    """The same of one; `offered` is what readers choose from."""
    if not _NAME.fullmatch(source.path.stem):
        what = f'"{source.path.stem}" is no name of an issue'
        yield Finding(source.name, 1, "issue-name", what, "rename the file, like 2026-01-news.md")
    for name in names(source.get("topics") or ""):
        if slug_of(name, offered) is None:
            near = nearest(name, [topic.name for topic in offered])
            remedy = f'did you mean "{near}"?' if near else f"there are: {', '.join(topic.name for topic in offered)}"
            yield Finding(source.name, source.line("topics"), "issue-topic", f'topic "{name}" is none', remedy)
    if not source.body.strip():
        yield Finding(source.name, 1, "issue-empty", "the issue is empty", "write below the fields what it says")
    for link in links(source.body):
        if not _is_whole(link.target):
            what, line = f"{link.target} leads nowhere from a mail", source.body_line - 1 + link.line
            yield Finding(source.name, line, "issue-link", what, "write the address of the page, like /about/")


def offered_by(sources: Sources, settings: Settings) -> tuple[Topic, ...]:
    """What readers will choose from once `sources` are built: their categories, and docs."""
    categories = {source.get("category") or "" for source in sources.of_kind("article")} - {""}
    topics = (Topic(slugify(name, settings.pelican, "CATEGORY"), name) for name in sorted(categories))
    return (*topics, DOCS)


def names(value: str) -> list[str]:
    """The topics that `Topics:` names."""
    return list(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


def slug_of(name: str, offered: Sequence[Topic]) -> str | None:
    """The slug of the topic that is called `name`, or None."""
    return next((topic.slug for topic in offered if name.casefold() in (topic.name.casefold(), topic.slug)), None)


def _is_whole(target: str) -> bool:
    return urlsplit(target).scheme in ("http", "https", "mailto") or (target.startswith("/") and target[1:2] != "/")
