"""Where readers go on: articles and docs that are near by topic and by link, and where others went next.

Each page is compared with its own neighbours alone, those it links to, is linked from, or shares a topic with, and with
no statistic of the whole site, so that a new article changes only the pages around it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

MOST = 3
_LINK, _TAG, _CATEGORY = 3.0, 2.0, 1.0
_NEWEST = 20
"""Of each topic, that many of the newest articles are looked at: what is near in time, too, is worth more."""
_SOURCE = re.compile(r"\{filename\}([^\s\"'#?)>]+)")


def linked_from(content: Any) -> set[str]:
    """The sources that `content` links to, as Pelican names them below PATH."""
    folder = str(content.relative_dir or "")
    found = set()
    for target in _SOURCE.findall(content._content):
        path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        found.add("/".join(parts))
    return found


def related(contents: Sequence[Any], articles: Sequence[Any]) -> Mapping[str, list[Any]]:
    """The contents that are near to each article, by its source path; the nearest first.

    Args:
        contents: everything published that may be gone on to, docs too, of one language.
        articles: those that want to know.
    """
    by_source = {str(content.get_relative_source_path()): content for content in contents}
    links = {source: linked_from(content) & by_source.keys() for source, content in by_source.items()}
    linking: dict[str, set[str]] = defaultdict(set)
    for source, targets in links.items():
        for target in targets:
            linking[target].add(source)
    topics = _by_topic(articles)
    found = {}
    for article in articles:
        source = str(article.get_relative_source_path())
        scores: dict[str, float] = defaultdict(float)
        for other in (*links.get(source, ()), *linking[source]):
            scores[other] += _LINK
        for topic, weight in _topics(article):
            for other in topics[topic]:
                scores[other] += weight
        scores.pop(source, None)
        best = sorted(scores, key=lambda other: (-scores[other], -_time(by_source[other]), other))
        found[source] = [by_source[other] for other in best if scores[other] >= _TAG]
    return found


def shown(near: Sequence[Any], went: Sequence[Any], onward: Sequence[Any]) -> list[Any]:
    """What is shown of the contents that are `near`, at most three: first those that readers opened next.

    Args:
        near: the nearest first.
        went: all that readers opened next, most people first.
        onward: those of them that are shown already.
    """
    rank = {id(one): number for number, one in enumerate(went)}
    left = [one for one in near if one not in onward]
    return sorted(left, key=lambda one: rank.get(id(one), len(rank)))[:MOST]


def read(path: Path) -> Mapping[str, list[str]]:
    """Touchpoint -> the touchpoints that readers went on to, most people first, of an `onward.json`; empty without one.

    Raises:
        ValueError: when the file is none of version 1.
    """
    if not path.is_file():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("version") != 1 or not isinstance(data.get("from"), dict):
        raise ValueError("no onward.json of version 1")
    return {
        touchpoint: [str(row["to"]) for row in sorted(rows, key=lambda row: (-int(row["people"]), str(row["to"])))]
        for touchpoint, rows in data["from"].items()
    }


def _topics(article: Any) -> list[tuple[str, float]]:
    tags = [(f"tag:{tag.slug}", _TAG) for tag in getattr(article, "tags", ())]
    return [*tags, (f"category:{article.category.slug}", _CATEGORY)]


def _by_topic(articles: Iterable[Any]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for article in sorted(articles, key=lambda article: (article.date, article.slug), reverse=True):
        for topic, _ in _topics(article):
            if len(found[topic]) < _NEWEST:
                found[topic].append(str(article.get_relative_source_path()))
    return found


def _time(content: Any) -> float:
    date = getattr(content, "date", None)
    return float(date.timestamp()) if date else 0.0
