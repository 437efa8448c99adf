"""One post as its readers read it: for a terminal, and for the panel that `milepost serve` has on each page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from milepost.journeys import synthetic
from milepost.journeys.answers import Answer, Row
from milepost.journeys.measures.around import CAME, OTHER, around
from milepost.journeys.measures.paths import LEFT, steps
from milepost.journeys.measures.reading import DEPTHS, reading
from milepost.journeys.measures.tiers import readers
from milepost.journeys.questions import Misuse, built_site, open_archive
from milepost.schema import nearest
from milepost.settings import Settings

MOST = 6
"""So many pages are told apart before it and after it."""
NAMES = {CAME: "(their first page)", LEFT: "(left the site)", OTHER: "(other pages)"}


@dataclass(frozen=True)
class Post:
    """What is known of one touchpoint.

    readings: as `measures.reading` has them. before and after: which touchpoint, times, share (0 to 1, of all times at
        it), most frequent first; where nothing was before or after within the visit, one of NAMES.
    """

    touchpoint: str
    title: str
    url: str
    readings: list[Row]
    before: list[Row]
    after: list[Row]
    note: str
    """What is to be said wherever it is shown, such as that it is synthetic; or nothing."""

    @property
    def whole(self) -> Row:
        return self.readings[-1]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values: `depths` are the shares (0 to 1) of readings that came so far down."""
        return {
            "touchpoint": self.touchpoint,
            "title": self.title,
            "url": self.url,
            "note": self.note,
            "tiers": [{name: row[name] for name in _COUNTS} for row in self.readings],
            "depths": [{"per_cent": depth, "share": _share(self.whole, depth)} for depth in DEPTHS],
            "told": self.whole["told"],
            "before": self.before,
            "after": self.after,
        }

    def text(self) -> str:
        """For a terminal."""
        head = f"{_printable(self.title)}\n{self.touchpoint}{f', {_printable(self.url)}' if self.url else ''}\n"
        if not self.whole["views"]:
            return (
                f"{head}\nnobody has read it, as far as is archived; `milepost journeys archive` takes in what is new\n"
            )
        tiers = Answer(("tier", *_SHOWN), [{"tier": row["tier"], **_shown(row)} for row in self.readings])
        parts = [head, f"How it is read\n{tiers.text()}", self._stops()]
        for title, rows in (("Where readers come from", self.before), ("Where they go", self.after)):
            parts.append(f"{title}\n{Answer(('page', 'times', 'share'), [_way(row) for row in rows]).text()}")
        return "\n".join(parts)

    def _stops(self) -> str:
        if not self.whole["told"]:
            return "Where they stop\nnot known: no browser told how far down its reader came\n"
        rows = [{"down to": f"{depth} %", "of readers": _per_cent(_share(self.whole, depth))} for depth in DEPTHS]
        return f"Where they stop\n{Answer(('down to', 'of readers'), rows).text()}"


_COUNTS = ("tier", "views", "visits", "people", "engaged_seconds")
_SHOWN = ("views", "visits", "people", "time a view")


def post(settings: Settings, given: str, site: Path | None = None) -> Post:
    """What is archived of the touchpoint that `given` names: its id, or the end of it, such as a post's slug.

    Args:
        site: the built pages; by default those that were built last.
    Raises:
        Misuse: no touchpoint is named so, or several are.
        MilepostError: the archive or the list of touchpoints cannot be read.
    """
    found = open_archive(settings, site or built_site(settings))
    places = found.places.filter(found.places.level == "touchpoint")
    name = meant(given, places.touchpoint.to_pyarrow().to_pylist())
    here = found.touchpoints.get(name, {})
    walked = steps(readers(found.events))

    def ways(way: Literal["after", "before"]) -> list[Row]:
        rows = around(walked, found.places, name, way=way, length=1, most=MOST, within="visit")
        return [_told(row, found.touchpoints) for row in rows]

    return Post(
        name,
        str(here.get("title") or name),
        str(here.get("url") or ""),
        reading(found.events, name),
        ways("before"),
        ways("after"),
        synthetic.NOTE if synthetic.is_synthetic(settings.env) else "",
    )


def meant(given: str, known: Iterable[str]) -> str:
    """The one id of `known` that is `given`, or ends with it as its last parts.

    Raises:
        Misuse: there is none, or there are several.
    """
    ids, wanted = sorted(set(known)), given.strip().strip("/")
    if wanted in ids:
        return wanted
    ending = [one for one in ids if wanted and one.endswith(f"/{wanted}")]
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise Misuse(f'"{given}" is the end of {len(ending)} touchpoints: {", ".join(ending)}; give a whole one')
    names = {part: one for one in ids for part in (one, one.rpartition("/")[2])}
    near = nearest(wanted, names)
    remedy = f'did you mean "{names[near]}"?' if near else "touchpoints.json of the built site lists them"
    raise Misuse(f'no touchpoint "{given}"; {remedy}')


def _told(row: Row, touchpoints: Mapping[str, Mapping[str, Any]]) -> Row:
    (name,) = row["way"]
    known = touchpoints.get(name, {})
    title = NAMES.get(name) or str(known.get("title") or name)
    url = str(known.get("url") or "")
    # Anything else, such as javascript:, is no address of a page.
    is_page = url.startswith(("https://", "http://"))
    return {"title": title, "url": url if is_page else "", "times": row["times"], "share": row["share"]}


def _shown(row: Row) -> Row:
    seconds = round(row["engaged_seconds"] / row["views"]) if row["views"] else 0
    time = f"{seconds // 60}:{seconds % 60:02}" if row["views"] else "-"
    return {"views": row["views"], "visits": row["visits"], "people": row["people"], "time a view": time}


def _way(row: Row) -> Row:
    return {"page": row["title"], "times": row["times"], "share": _per_cent(row["share"])}


def _share(whole: Row, depth: int) -> float:
    return float(whole[f"reached_{depth}"] / whole["told"]) if whole["told"] else 0.0


def _per_cent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "�" for one in text)
