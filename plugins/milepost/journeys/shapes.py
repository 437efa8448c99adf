"""The shapes of the wire, v1: the fields of each type of event, and what each must be. Decodes nothing."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct

from milepost.journeys.model import BROWSER_TYPES, TOUCHPOINT_PATTERN


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
MEANT = {
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


class OfflineData(_Data):
    name: Line | None = None


class Order(_Sent, tag="order"):
    data: ConvertData


class Call(_Sent, tag="call"):
    data: OfflineData = msgspec.field(default_factory=OfflineData)


class Licence(_Sent, tag="licence"):
    data: OfflineData = msgspec.field(default_factory=OfflineData)


class Post(_Sent, tag="post"):
    data: OfflineData = msgspec.field(default_factory=OfflineData)


class Ticket(_Sent, tag="ticket"):
    data: OfflineData = msgspec.field(default_factory=OfflineData)


Told: TypeAlias = Sent | Order | Call | Licence | Post | Ticket
"""What another system may tell, by import."""
