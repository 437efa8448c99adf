"""A calendar: a square a day, a column a week, darker where there was more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from markupsafe import Markup

from milepost.journeys.pictures.svg import picture, tag

SQUARE, PITCH, TOP, LEFT = 11.0, 13.0, 18.0, 30.0
WEEKS = 53
SHADES = 4


def calendar(counts: Mapping[date, int], last: date, label: str) -> Markup:
    """The WEEKS weeks up to and with `last`; weeks begin on Monday.

    Args:
        counts: by day; a day that is not in it had none.
    """
    first = last - timedelta(days=last.weekday() + 7 * (WEEKS - 1))
    most = max((count for day, count in counts.items() if first <= day <= last), default=0)
    inside = []
    month = None
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        x, y = LEFT + number // 7 * PITCH, TOP + number % 7 * PITCH
        count = counts.get(day, 0)
        # A month is named where its first Monday is.
        if number % 7 == 0 and day.month != month:
            # The first one, where there is room for its name before the next.
            if day.day <= 7 or (month is None and day.day <= 14):
                inside.append(tag("text", f"{day:%b}", class_="when", x=x, y=11.0))
            month = day.month
        said = tag("title", f"{day:%a} {day.day} {day:%b %Y}: {count:,}") if count else ""
        shade = f"shade-{shade_of(count, most)}"
        inside.append(tag("rect", said, class_=shade, x=x, y=y, width=SQUARE, height=SQUARE))
    days = [
        tag("text", name, class_="day", x=0.0, y=TOP + row * PITCH + 9)
        for row, name in ((0, "Mon"), (3, "Thu"), (6, "Sun"))
    ]
    return picture(LEFT + WEEKS * PITCH, TOP + 7 * PITCH, label, *days, *inside, class_="calendar")


def shade_of(count: float, most: float) -> int:
    """0 for nothing, else 1 to SHADES, in equal steps up to the most there is."""
    return 0 if count <= 0 or most <= 0 else min(int(count / most * SHADES) + 1, SHADES)
