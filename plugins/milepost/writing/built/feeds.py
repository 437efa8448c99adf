"""The feeds of a site: which files are one, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Iterator

from milepost.writing.built import json_feeds, xml_feeds
from milepost.writing.built.fault import Fault
from milepost.writing.built.output import Output
from milepost.writing.built.whole import Told

RULE = "feed"
_MOST = 20
"""How many faults of one feed are told: what is wrong with every entry is seen in a few."""


def faults(output: Output) -> Iterator[Fault]:
    """What is wrong with every feed of the site."""
    for name in sorted(output.files):
        for message, line in list(dict(_of_file(output, name)).items())[:_MOST]:
            yield Fault(name, RULE, message, "mend what writes the feed", line=line)


def _of_file(output: Output, name: str) -> Iterator[Told]:
    if name.endswith((".atom", ".xml", ".rss")):
        yield from xml_feeds.faults(output, (output.root / name).read_bytes())
    elif name.endswith(".json"):
        yield from json_feeds.faults(output, (output.root / name).read_bytes(), named=name.endswith("feed.json"))
