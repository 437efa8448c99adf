"""The wire, v1: what a browser may send, checked field by field, and turned into events.

Knows no HTTP and no storage. Who sent a batch is not on the wire: `tier` and `person` are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct

from milepost.errors import MilepostError
from milepost.journeys.model import BROWSER_TYPES, TOUCHPOINT_PATTERN, Event

MAX_BYTES = 64 * 1024
MAX_EVENTS = 100
OLDEST = timedelta(hours=24)
AHEAD = timedelta(minutes=5)


def _text(pattern: str) -> Any:
    return Meta(pattern=rf"^{pattern}\Z")


# No control characters anywhere: what is kept is shown in terminals and tables.
Id: TypeAlias = Annotated[str, _text("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")]
Touchpoint: TypeAlias = Annotated[str, _text(TOUCHPOINT_PATTERN)]
At: TypeAlias = Annotated[str, _text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")]
Host: TypeAlias = Annotated[str, _text(r"[a-z0-9._:\[\]-]{0,260}")]
Goal: TypeAlias = Annotated[str, _text("[a-z0-9._-]{1,80}")]
Currency: TypeAlias = Annotated[str, _text("[A-Z]{3}")]
Token: TypeAlias = Annotated[str, _text("[A-Za-z0-9_-]{16,80}")]
Line: TypeAlias = Annotated[str, _text(r"[^\x00-\x1f\x7f-\x9f]{0,300}")]
Path: TypeAlias = Annotated[str, _text(r"/[^\x00-\x1f\x7f-\x9f]{0,2047}")]
Text: TypeAlias = Annotated[str, _text(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f]{0,1000}")]
Milliseconds: TypeAlias = Annotated[float, Meta(ge=0, le=3_600_000)]

_LINE = "at most 300 characters in one line"
_HOST = "a host in lower case, at most 260 characters"
_MILLISECONDS = "milliseconds, at most an hour"
_MEANT = {
    "id": "a UUIDv7 in lower case",
    "touchpoint": "1 to 120 of a-z, 0-9, '.', '_', '/' and '-'",
    "at": "RFC 3339, UTC, with milliseconds: 2026-01-05T09:00:00.000Z",
    "type": "a type that a browser may send: " + ", ".join(BROWSER_TYPES),
    "data": "an object",
    "data.referrer": _HOST,
    "data.host": _HOST,
    "data.seconds": "a number from 0 to 86400",
    "data.depth": "a number from 0 to 100",
    "data.name": _LINE,
    "data.step": _LINE,
    "data.query": _LINE,
    "data.answer": _LINE,
    "data.results": "a whole number from 0 to 1000000",
    "data.path": "a path from '/', at most 2048 characters",
    "data.comment": "text of at most 1000 characters",
    "data.lcp": _MILLISECONDS,
    "data.inp": _MILLISECONDS,
    "data.cls": "a number from 0 to 10000",
    "data.goal": "1 to 80 of a-z, 0-9, '.', '_' and '-'",
    "data.value": "a number from 0 to 1e12",
    "data.order": "16 to 80 of a-z, A-Z, 0-9, '_' and '-', which nobody can guess",
    "data.currency": "an ISO 4217 code such as EUR",
}
"""What each field must be, for whoever sent something else."""


class _Data(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Base of each type's `data`."""


class ViewData(_Data):
    referrer: Host | None = None


class EngageData(_Data):
    seconds: Annotated[float, Meta(ge=0, le=86_400)]
    depth: Annotated[float, Meta(ge=0, le=100)]


class OutboundData(_Data):
    host: Host


class DownloadData(_Data):
    name: Line


class SearchData(_Data):
    query: Line
    results: Annotated[int, Meta(ge=0, le=1_000_000)]


class NotFoundData(_Data):
    path: Path
    referrer: Host | None = None


class FormData(_Data):
    name: Line
    step: Line


class HelpfulData(_Data):
    answer: Line
    comment: Text | None = None


class VitalsData(_Data):
    lcp: Milliseconds | None = None
    inp: Milliseconds | None = None
    cls: Annotated[float, Meta(ge=0, le=10_000)] | None = None


class ConvertData(_Data):
    goal: Goal
    value: Annotated[float, Meta(ge=0, le=1e12)] | None = None
    currency: Currency | None = None
    order: Token | None = None


class _Sent(Struct, forbid_unknown_fields=True, tag_field="type"):
    """Base of what is sent: the fields that every type has, besides `type` and `data`."""

    id: Id
    touchpoint: Touchpoint
    at: At


class View(_Sent, tag="view"):
    data: ViewData = msgspec.field(default_factory=ViewData)


class Engage(_Sent, tag="engage"):
    data: EngageData


class Outbound(_Sent, tag="outbound"):
    data: OutboundData


class Download(_Sent, tag="download"):
    data: DownloadData


class Search(_Sent, tag="search"):
    data: SearchData


class NotFound(_Sent, tag="not-found"):
    data: NotFoundData


class Form(_Sent, tag="form"):
    data: FormData


class Signup(_Sent, tag="signup"):
    data: _Data = msgspec.field(default_factory=_Data)


class Comment(_Sent, tag="comment"):
    data: _Data = msgspec.field(default_factory=_Data)


class Helpful(_Sent, tag="helpful"):
    data: HelpfulData


class Vitals(_Sent, tag="vitals"):
    data: VitalsData


class Convert(_Sent, tag="convert"):
    data: ConvertData


Sent: TypeAlias = (
    View | Engage | Outbound | Download | Search | NotFound | Form | Signup | Comment | Helpful | Vitals | Convert
)
_batch: msgspec.json.Decoder[list[Sent]] = msgspec.json.Decoder(list[Sent])
_json: Callable[[object], bytes] = msgspec.json.Encoder().encode
_PLACE = re.compile(r" - at `\$\[(?P<index>\d+)\](?:\.(?P<field>[\w.-]+))?.*`$")
_NAMED = re.compile(r"^Object (?:missing required|contains unknown) field `(?P<field>[^`]{1,80})`")


class WireFault(MilepostError):
    """A batch that is refused as a whole: `index` of the first faulty event and its `field`, where they are known."""

    def __init__(self, message: str, index: int | None = None, field: str | None = None) -> None:
        self.message, self.index, self.field = message, index, field
        super().__init__(message)


def events_of(body: bytes, now: datetime) -> list[Event]:
    """The events of one request's body, in its order.

    Args:
        body: the JSON array as it came, already known to be at most MAX_BYTES.
        now: the server's time, UTC; each `at` lies at most OLDEST before and AHEAD after it.
    Raises:
        WireFault: names the first event and field that are wrong; none of the batch is taken then.
    """
    try:
        batch = _batch.decode(body)
    except msgspec.ValidationError as error:
        raise _fault_of(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WireFault("not JSON; send an array of events") from None
    if not 1 <= len(batch) <= MAX_EVENTS:
        raise WireFault(f"{len(batch)} events; send 1 to {MAX_EVENTS}")
    oldest, newest = now - OLDEST, now + AHEAD
    return [_event(sent, index, oldest, newest) for index, sent in enumerate(batch)]


def orders_of(body: bytes) -> list[str]:
    """The tokens of orders that a batch names, which `events_of` has found good; they are in no event."""
    if b'"order"' not in body:
        return []
    return [
        sent.data.order for sent in _batch.decode(body) if isinstance(sent, Convert) and sent.data.order is not None
    ]


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, UTC, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _event(sent: Sent, index: int, oldest: datetime, newest: datetime) -> Event:
    try:
        at = datetime.fromisoformat(sent.at)
    except ValueError:
        raise WireFault("there is no such time", index, "at") from None
    if at < oldest:
        raise WireFault("more than 24 hours ago", index, "at")
    if at > newest:
        raise WireFault("more than 5 minutes ahead of the server's clock", index, "at")
    kind: str = sent.__struct_config__.tag  # type: ignore[assignment]
    common = (bytes.fromhex(sent.id.replace("-", "")), microseconds(at), kind, sent.touchpoint)
    try:
        if isinstance(sent, Convert):
            return Event(*common, sent.data.goal, sent.data.value, sent.data.currency)
        data = _json(sent.data).decode()
    except UnicodeError:
        raise WireFault("not text: a surrogate with no partner", index, "data") from None
    return Event(*common, data=None if data == "{}" else data)


def _fault_of(message: str) -> WireFault:
    """What msgspec found, in the words of the wire."""
    place = _PLACE.search(message)
    if not place:
        return WireFault("not an array of events")
    index, field = int(place["index"]), place["field"]
    said = message[: place.start()]
    if named := _NAMED.match(said):
        name = f"{field}.{named['field']}" if field else named["field"]
        return WireFault("unknown field" if "unknown" in said else "missing", index, name)
    meant = _MEANT.get(field) if field else "an event: an object"
    return WireFault(f"must be {meant}" if meant else said.replace("`", ""), index, field)
