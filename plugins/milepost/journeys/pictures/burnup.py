"""An objective over time: what was reached day by day, an even pace, and where the pace so far leads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from milepost.journeys.pictures.svg import picture, short, tag

WIDTH, HEIGHT = 560.0, 150.0
LEFT, RIGHT, TOP, BELOW = 44.0, 52.0, 14.0, 26.0


def burn_up(objective: Mapping[str, Any], reached: Mapping[date, int], today: date, label: str) -> Markup:
    """Draw one objective.

    Args:
        objective: a row of the measure `objectives`.
        reached: conversions to its measure by day.
        today: until when `reached` tells.
    """
    since, by = objective["since"], objective["by"]
    days = max((by - since).days + 1, 1)
    gone = min(max((today - since).days + 1, 0), days)
    high = max(objective["target"], objective["high"] or 0, objective["actual"], 1) * 1.08

    def x(day: float) -> float:
        return float(LEFT + (WIDTH - LEFT - RIGHT) * day / days)

    def y(count: float) -> float:
        return float(HEIGHT - BELOW - (HEIGHT - TOP - BELOW) * count / high)

    inside = [
        tag("line", class_="axis", x1=x(0), y1=y(0), x2=x(days), y2=y(0)),
        tag("line", class_="target", x1=x(0), y1=y(objective["target"]), x2=x(days), y2=y(objective["target"])),
        tag("line", class_="even", x1=x(0), y1=y(0), x2=x(days), y2=y(objective["target"])),
    ]
    end = f"{short(x(gone))},{short(y(objective['actual']))}"
    if objective["low"] is not None and gone < days:
        fan = f"{end} {short(x(days))},{short(y(objective['high']))} {short(x(days))},{short(y(objective['low']))}"
        inside += [
            tag("polygon", class_="fan", points=fan),
            tag("polyline", class_="led", points=f"{end} {short(x(days))},{short(y(objective['projected']))}"),
        ]
    points, so_far = [f"{short(x(0))},{short(y(0))}"], 0
    for day in range(gone):
        if more := reached.get(since + timedelta(days=day), 0):
            so_far += more
            points.append(f"{short(x(day + 1))},{short(y(so_far))}")
    inside += [
        tag("polyline", class_="reached", points=" ".join([*points, end])),
        tag("circle", class_="now", cx=x(gone), cy=y(objective["actual"]), r=4.0),
        *_words(objective, x(0), x(days), y),
    ]
    return picture(WIDTH, HEIGHT, label, *inside, class_="burnup")


def _words(objective: Mapping[str, Any], left: float, right: float, y: Any) -> list[Markup]:
    """The dates below, the target, and where it leads; where two numbers would lie over each other, the target's."""
    since, by = objective["since"], objective["by"]
    words = [
        tag("text", f"{since.day} {since:%b %Y}", class_="when", x=left, y=HEIGHT - 8),
        tag("text", f"{by.day} {by:%b %Y}", class_="when end", x=right, y=HEIGHT - 8),
        tag("text", "0", class_="scale", x=left - 6, y=y(0) + 4),
        tag("text", f"{objective['target']:,.0f}", class_="scale", x=left - 6, y=y(objective["target"]) + 4),
    ]
    if objective["projected"] is not None:
        words.append(
            tag("text", f"{objective['projected']:,.0f}", class_="led-to", x=right + 6, y=y(objective["projected"]) + 4)
        )
    return words
