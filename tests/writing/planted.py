"""A small clean site, and what can be planted into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from milepost.errors import Finding
from milepost.settings import load
from milepost.writing.built.site import checked
from milepost.writing.findings import all_sources
from sites import Site, article

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff89993d1d0000000049454e44ae426082"
)
FIRST, SECOND = "content/articles/first.md", "content/articles/second.md"
ABOUT, ADA = "content/pages/about.md", "content/authors/ada.md"
DOC, PLAN, SETTINGS = "content/docs/index.md", "content/plan.toml", "pelicanconf.py"
BODY_LINE = 8
"""The line at which the body of `article()` begins."""
OBJECTIVE = """\
[[objective]]
slug = "more"
title = "More readers"
measure = "signup"
target = 500
from = 2026-01-01
by = 2027-06-30
  [[objective.strategy]]
  slug = "useful"
  title = "Useful"
    [[objective.strategy.function]]
    slug = "marketing"
    title = "Marketing"
      [[objective.strategy.function.tactic]]
      slug = "essays"
      title = "Essays"
      pages = ["articles/*", "pages/*", "docs/*"]
  [[objective.strategy]]
  slug = "present"
  title = "Present"
"""
CLEAN: Mapping[str, str | bytes] = {
    FIRST: article("First post", 1, "Hello, reader.\n\n## A part\n\nText."),
    SECOND: article("Second post", 2, "See [the first]({filename}first.md#a-part).\n\n![A dot](/images/dot.png)"),
    ABOUT: "Title: About\nSlug: about\n\nWe are.\n",
    "content/pages/privacy.md": "Title: Privacy\nSlug: privacy\n\n## Choices { #choices }\n\nYours.\n",
    ADA: "Name: Ada Sample\n\nA sample.\n",
    DOC: "Title: Docs\n\n## A chapter\n\nText.\n",
    PLAN: OBJECTIVE,
    "content/images/dot.png": PNG,
}
CONF = 'STATIC_PATHS = ["images", "extra", "_redirects"]\nFEED_ALL_RSS = "feeds/all.rss.xml"\nCOMMENTS_FORUM = ""'


@dataclass(frozen=True)
class Planted:
    """One fault: where it is to be found, by which rule and in which words, and the files that have it."""

    place: str
    rule: str
    says: str
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    conf: str = ""


def first(body: str = "Text.", head: str = "", title: str = "First post") -> dict[str, str | bytes]:
    """The first article with other fields and another body. `head` stands above it all."""
    return {FIRST: head + article(title, 1, f"Hello.\n\n## A part\n\n{body}")}


def findings_of(site: Site, manifest: Path | None = None) -> list[Finding]:
    """What `milepost check` finds in the site, without a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(site.root)
        settings = load(site.settings_file, environ={"MILEPOST_VAR": str(site.root / "var")})
        return checked(all_sources(settings), settings, manifest)


def seen(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(f"{finding.file}:{finding.line}", finding.rule) for finding in findings]


def by_line(row: tuple[str, str]) -> tuple[str, int, str]:
    """The order of findings, for what `seen` has made of them."""
    file, _, line = row[0].rpartition(":")
    return file, int(line), row[1]


def copied(name: str, line: int, rule: str, says: str, text: str) -> Planted:
    return Planted(f"content/extra/{name}:{line}", rule, says, {f"content/extra/{name}": text})
