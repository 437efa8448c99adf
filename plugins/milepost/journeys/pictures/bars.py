"""Bars that lie in cells of tables: a length, with how sure it is; a range of quantiles; parts of a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from milepost.journeys.pictures.svg import tag


def _strip(*inside: str, class_: str) -> Markup:
    # Drawn as wide as its cell; what it says stands in words beside it.
    return tag("svg", *inside, class_=class_, viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def bar(value: float, most: float, low: float | None = None, high: float | None = None) -> Markup:
    """A length of `most`, and over it the interval from `low` to `high` as a thin line."""
    wide = 100 / most if most > 0 else 0
    inside = [tag("rect", class_="length", width=min(value * wide, 100), height=10.0)]
    if low is not None and high is not None:
        start, end = min(low * wide, 100), min(high * wide, 100)
        inside += [
            tag("rect", class_="interval", x=start, y=4.0, width=end - start, height=2.0),
            *(tag("rect", class_="interval", x=max(at - 0.4, 0), y=1.0, width=0.8, height=8.0) for at in (start, end)),
        ]
    return _strip(*inside, class_="bar")


def quantiles(row: Mapping[str, Any], most: float) -> Markup:
    """10 to 90 % as a line, 25 to 75 % as a box, the middle as a mark."""
    at = {name: row[name] / most * 100 if most > 0 else 0.0 for name in ("p10", "p25", "p50", "p75", "p90")}
    return _strip(
        tag("rect", class_="interval", x=at["p10"], y=4.0, width=at["p90"] - at["p10"], height=2.0),
        tag("rect", class_="box", x=at["p25"], y=1.0, width=at["p75"] - at["p25"], height=8.0),
        tag("rect", class_="middle", x=max(at["p50"] - 0.5, 0), y=0.0, width=1.0, height=10.0),
        class_="bar",
    )


def parts(counts: Iterable[tuple[str, float]], most: float) -> Markup:
    """Lengths of several colours, one after another; each is the class of its colour and how much."""
    inside, start = [], 0.0
    for colour, count in counts:
        wide = count / most * 100 if most > 0 else 0.0
        inside.append(tag("rect", class_=colour, x=start, width=wide, height=10.0))
        start += wide
    return _strip(*inside, class_="bar parts")
