"""The wire, v1: what a browser may send, checked field by field, and turned into events.

Knows no HTTP and no storage. Who sent a batch is not on the wire: `tier` and `person` are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from milepost.errors import MilepostError
from milepost.journeys.model import Event
from milepost.journeys.shapes import MEANT, Convert, Order, Sent, Told

MAX_BYTES = 64 * 1024
MAX_EVENTS = 100
OLDEST = timedelta(hours=24)
AHEAD = timedelta(minutes=5)


_batch: msgspec.json.Decoder[list[Sent]] = msgspec.json.Decoder(list[Sent])
_json: Callable[[object], bytes] = msgspec.json.Encoder().encode
_PLACE = re.compile(r" - at `\$\[(?P<index>\d+)\](?:\.(?P<field>[\w.-]+))?.*`$")
_NAMED = re.compile(r"^Object (?:missing required|contains unknown) field `(?P<field>[^`]{1,80})`")


class WireFault(MilepostError):
    """A batch that is refused as a whole: `index` of the first faulty event and its `field`, where they are known."""

    def __init__(self, message: str, index: int | None = None, field: str | None = None) -> None:
        self.message, self.index, self.field = message, index, field
        super().__init__(message)


def batch_of(body: bytes, now: datetime) -> list[Sent]:
    """What one request's body says, all of it found good, in its order.

    Args:
        body: the JSON array as it came, already known to be at most MAX_BYTES.
        now: the server's time, UTC; each `at` lies at most OLDEST before and AHEAD after it.
    Raises:
        WireFault: names the first event and field that are wrong; none of the batch is taken then.
    """
    try:
        batch = _batch.decode(body)
    except msgspec.ValidationError as error:
        raise fault_of(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WireFault("not JSON; send an array of events") from None
    if not 1 <= len(batch) <= MAX_EVENTS:
        raise WireFault(f"{len(batch)} events; send 1 to {MAX_EVENTS}")
    oldest, newest = now - OLDEST, now + AHEAD
    for index, sent in enumerate(batch):
        _refuse_time_of(sent, index, oldest, newest)
    return batch


def events_of(batch: Iterable[Told]) -> list[Event]:
    """The events of a batch that was found good, as they are kept.

    Raises:
        WireFault: when a text in one is none.
    """
    return [event_of(sent, datetime.fromisoformat(sent.at), index) for index, sent in enumerate(batch)]


def may_be_kept_as_sent(body: bytes) -> bool:
    """Whether a good body may wait for the archiver as it came: nothing in it is escaped, or must not be kept."""
    return b"\\" not in body and b'"order"' not in body


def events_as_sent(body: bytes) -> list[Event]:
    """The events of a body that was kept as it came."""
    return events_of(_batch.decode(body))


def orders_of(body: bytes) -> list[str]:
    """The tokens of orders that a batch names, which `batch_of` has found good; they are in no event."""
    if b'"order"' not in body:
        return []
    return [
        sent.data.order for sent in _batch.decode(body) if isinstance(sent, Convert) and sent.data.order is not None
    ]


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, UTC, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _refuse_time_of(sent: Sent, index: int, oldest: datetime, newest: datetime) -> None:
    try:
        at = datetime.fromisoformat(sent.at)
    except ValueError:
        raise WireFault("there is no such time", index, "at") from None
    if at < oldest:
        raise WireFault("more than 24 hours ago", index, "at")
    if at > newest:
        raise WireFault("more than 5 minutes ahead of the server's clock", index, "at")


def event_of(sent: Told, at: datetime, index: int | None = None) -> Event:
    """What was sent, as it is kept.

    Raises:
        WireFault: when a text in it is none.
    """
    id_ = bytes.fromhex(sent.id.replace("-", ""))
    kind: str = sent.__struct_config__.tag  # type: ignore[assignment]
    try:
        if isinstance(sent, (Convert, Order)):
            data = sent.data
            return Event(id_, microseconds(at), kind, sent.touchpoint, data.goal, data.value, data.currency, None)
        text = _json(sent.data).decode()
    except UnicodeError:
        raise WireFault("not text: a surrogate with no partner", index, "data") from None
    return Event(id_, microseconds(at), kind, sent.touchpoint, None, None, None, None if text == "{}" else text)


def fault_of(message: str) -> WireFault:
    """What msgspec found, in the words of the wire."""
    place = _PLACE.search(message)
    if not place:
        return WireFault("not an array of events")
    index, field = int(place["index"]), place["field"]
    said = message[: place.start()]
    if named := _NAMED.match(said):
        name = f"{field}.{named['field']}" if field else named["field"]
        return WireFault("unknown field" if "unknown" in said else "missing", index, name)
    meant = MEANT.get(field) if field else "an event: an object"
    return WireFault(f"must be {meant}" if meant else said.replace("`", ""), index, field)
