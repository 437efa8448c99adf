"""`/metrics`: what a collector has counted since its start, in Prometheus' text format. No label is of a reader."""

from __future__ import annotations

from collections.abc import Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TIERS, _ANSWERED = "tier_", "answered_"


def text_of(figures: Mapping[str, int], inbox: str) -> str:
    """The page for the figures of one process.

    Args:
        figures: what `Collector.figures` gives.
        inbox: the name of the process's inbox: each worker has its own, and counts for itself.
    """
    own = f'inbox="{inbox}"'
    tiers = {name.removeprefix(_TIERS): n for name, n in figures.items() if name.startswith(_TIERS)}
    answers = {name.removeprefix(_ANSWERED): n for name, n in figures.items() if name.startswith(_ANSWERED)}
    families = [
        ("events_total", "counter", "Events kept, by tier of consent.", "tier", tiers),
        ("events_aside_total", "counter", "Events at unknown touchpoints.", "", {"": figures.get("aside", 0)}),
        ("events_of_bots_total", "counter", "Events kept of robots.", "", {"": figures.get("of_bots", 0)}),
        ("answers_total", "counter", "Requests answered, by status.", "status", answers),
        ("commits_total", "counter", "Transactions of the inbox.", "", {"": figures.get("commits", 0)}),
        ("waiting", "gauge", "Requests that wait for the disk.", "", {"": figures.get("waiting", 0)}),
    ]
    lines = []
    for name, kind, said, label, values in families:
        lines += [f"# HELP milepost_{name} {said}", f"# TYPE milepost_{name} {kind}"]
        for value, count in sorted(values.items()):
            labels = f'{own},{label}="{value}"' if label else own
            lines.append(f"milepost_{name}{{{labels}}} {count}")
    return "\n".join(lines) + "\n"
