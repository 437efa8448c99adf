"""What a browser may send, and how everything else is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from collecting import NOW, event, rfc3339
from hypothesis import given
from hypothesis import strategies as st

from milepost.journeys.model import BROWSER_TYPES, Event
from milepost.journeys.wire import WireFault, batch_of, events_as_sent, events_of, may_be_kept_as_sent

ID = "0196a5f0-0000-7000-8000-000000000001"
GOOD = {"id": ID, "type": "view", "touchpoint": "blog/first", "at": "2026-01-15T12:00:00.123Z"}
DATA: dict[str, dict[str, Any]] = {
    "view": {"referrer": "news.example"},
    "engage": {"seconds": 12.5, "depth": 80.0},
    "outbound": {"host": "elsewhere.example:8443"},
    "download": {"name": "guide.pdf"},
    "search": {"query": "refund", "results": 0},
    "not-found": {"path": "/gone/", "referrer": "old.example"},
    "form": {"name": "newsletter", "step": "started"},
    "signup": {},
    "comment": {},
    "helpful": {"answer": "no", "comment": "Which port?\nNobody says."},
    "vitals": {"lcp": 1200.0, "inp": 80.0, "cls": 0.01},
    "convert": {"goal": "trial", "value": 20.0, "currency": "EUR"},
}


def taken(body: bytes) -> list[Event]:
    """The events of a body, which are the same whether it waits for the archiver as it came or not."""
    found = events_of(batch_of(body, NOW))
    if may_be_kept_as_sent(body):
        assert body[0] < 0x80
        assert events_as_sent(body) == found
    return found


def parsed(*events: Any) -> list[Event]:
    return taken(json.dumps(events).encode())


def fault(body: bytes) -> tuple[int | None, str | None, str]:
    with pytest.raises(WireFault) as caught:
        taken(body)
    return caught.value.index, caught.value.field, caught.value.message


def fault_in(change: dict[str, Any]) -> tuple[int | None, str | None, str]:
    """Of a batch whose second event differs from a good one by `change`; None takes a field away."""
    bad = {name: value for name, value in {**GOOD, **change}.items() if value is not ...}
    return fault(json.dumps([GOOD, bad]).encode())


def test_a_view_becomes_an_event() -> None:
    sent = {**GOOD, "data": {"referrer": "news.example"}}
    at = 1_768_478_400_123_000
    expected = Event(bytes.fromhex(ID.replace("-", "")), at, "view", "blog/first", data='{"referrer":"news.example"}')
    assert parsed(sent) == [expected]


@pytest.mark.parametrize("type_", [t for t in BROWSER_TYPES if t != "convert"])
def test_each_type_keeps_its_data(type_: str) -> None:
    (found,) = parsed({**GOOD, "type": type_, "data": DATA[type_]})
    assert found.type == type_
    assert json.loads(found.data or "{}") == DATA[type_]


def test_a_conversion_has_goal_value_and_currency_in_columns() -> None:
    (found,) = parsed({**GOOD, "type": "convert", "data": DATA["convert"]})
    assert (found.goal, found.value, found.currency, found.data) == ("trial", 20.0, "EUR", None)


def test_every_browser_type_is_tried_here() -> None:
    assert set(DATA) == set(BROWSER_TYPES)


def test_an_event_needs_no_data_where_all_of_it_is_optional() -> None:
    assert parsed(GOOD)[0].data is None


AT = "must be RFC 3339, UTC, with milliseconds: 2026-01-05T09:00:00.000Z"
HUGE = {"seconds": 10**400, "depth": 1}
SECONDS = "must be a number from 0 to 86400"
AHEAD = "more than 5 minutes ahead of the server's clock"
ISO = "must be an ISO 4217 code such as EUR"
UUID = "must be a UUIDv7 in lower case"
LINE = "must be at most 300 characters in one line"
HOST = "must be a host in lower case, at most 260 characters"


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"id": ...}, "id", "missing"),
        ({"id": "x"}, "id", UUID),
        ({"id": 7}, "id", UUID),
        ({"id": ID.replace("-7", "-4", 1)}, "id", UUID),
        ({"id": f"{ID}\n"}, "id", UUID),
        ({"type": ...}, "type", "missing"),
        ({"type": "order"}, "type", f"must be a type that a browser may send: {', '.join(BROWSER_TYPES)}"),
        ({"type": None}, "type", f"must be a type that a browser may send: {', '.join(BROWSER_TYPES)}"),
        ({"touchpoint": "Blog/First"}, "touchpoint", "must be 1 to 120 of a-z, 0-9, '.', '_', '/' and '-'"),
        ({"touchpoint": "a" * 121}, "touchpoint", "must be 1 to 120 of a-z, 0-9, '.', '_', '/' and '-'"),
        ({"at": "2026-01-15T12:00:00Z"}, "at", AT),
        ({"at": "2026-01-15T12:00:00.000+01:00"}, "at", AT),
        ({"at": "٢٠٢٦-01-15T12:00:00.000Z"}, "at", AT),
        ({"at": "2026-02-30T12:00:00.000Z"}, "at", "there is no such time"),
        ({"at": "0000-01-01T00:00:00.000Z"}, "at", "there is no such time"),
        ({"at": rfc3339(NOW + timedelta(minutes=5, milliseconds=1))}, "at", AHEAD),
        ({"at": rfc3339(NOW - timedelta(hours=24, milliseconds=1))}, "at", "more than 24 hours ago"),
        ({"tier": "consented"}, "tier", "unknown field"),
        ({"person": "A" * 22}, "person", "unknown field"),
        ({"data": None}, "data", "must be an object"),
        ({"data": {"referer": "a.example"}}, "data.referer", "unknown field"),
        ({"data": {"referrer": "https://a.example/path?q"}}, "data.referrer", HOST),
        ({"type": "engage"}, "data", "missing"),
        ({"type": "engage", "data": {"depth": 1}}, "data.seconds", "missing"),
        ({"type": "engage", "data": {"seconds": -1, "depth": 1}}, "data.seconds", SECONDS),
        ({"type": "engage", "data": {"seconds": True, "depth": 1}}, "data.seconds", SECONDS),
        ({"type": "engage", "data": HUGE}, "data.seconds", SECONDS),
        ({"type": "search", "data": {"query": "a\0b", "results": 1}}, "data.query", LINE),
        ({"type": "search", "data": {"query": "\x9b2J", "results": 1}}, "data.query", LINE),
        ({"type": "download", "data": {"name": "x" * 301}}, "data.name", LINE),
        ({"type": "convert", "data": {"goal": "trial", "currency": "euro"}}, "data.currency", ISO),
    ],
)  # fmt: skip
def test_a_faulty_event_is_named_by_index_and_field(change: dict[str, Any], field: str, message: str) -> None:
    assert fault_in(change) == (1, field, message)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (None, None, "not JSON; send an array of events")),
        (b"\xff\xfe[]", (None, None, "not JSON; send an array of events")),
        (b"hello", (None, None, "not JSON; send an array of events")),
        (b"{}", (None, None, "not an array of events")),
        (b"null", (None, None, "not an array of events")),
        (b"[]", (None, None, "0 events; send 1 to 100")),
        (b"[1]", (0, None, "must be an event: an object")),
        (b"[" * 60_000, (0, None, "must be an event: an object")),
        (b'[{"a":' + b"[" * 60_000, (None, None, "not JSON; send an array of events")),
        (b"[" + b",".join([json.dumps(GOOD).encode()] * 101) + b"]", (None, None, "101 events; send 1 to 100")),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_batch_is_refused(body: bytes, expected: tuple[int | None, str | None, str]) -> None:
    assert fault(body) == expected


def test_the_edges_of_time_are_taken() -> None:
    edges = [NOW - timedelta(hours=24), NOW + timedelta(minutes=5)]
    assert len(parsed(*(event(at=at) for at in edges))) == 2


@pytest.mark.parametrize("text", [r"\ud800", r"\udc00", r"\ud800\ud800", r"a\ud83dz and more text behind it"])
def test_a_surrogate_without_a_partner_is_refused_or_gone(text: str) -> None:
    body = json.dumps([{**GOOD, "type": "download", "data": {"name": "NAME"}}]).replace("NAME", text).encode()
    with pytest.raises(WireFault):
        taken(body)


def test_what_is_escaped_or_not_to_be_kept_is_never_kept_as_it_came() -> None:
    order = {"goal": "trial", "order": "a-token-that-nobody-guesses"}
    convert = json.dumps([{**GOOD, "type": "convert", "data": order}])
    hidden = convert.replace('"order"', r'"\u006frder"')
    assert len(taken(convert.encode())) == len(taken(hidden.encode())) == 1
    assert not any(may_be_kept_as_sent(body.encode()) for body in (convert, hidden))
    assert may_be_kept_as_sent(json.dumps([GOOD, {**GOOD, "data": {"referrer": "a.example"}}]).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
almost_events = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just(ID) | json_values,
        "type": st.sampled_from(BROWSER_TYPES) | json_values,
        "touchpoint": st.just("blog/first") | json_values,
        "at": st.just(GOOD["at"]) | json_values,
        "data": st.sampled_from(list(DATA.values())) | json_values,
        "tier": json_values,
    },
)


@given(st.lists(almost_events | json_values, max_size=4) | json_values)
def test_any_json_is_events_or_a_named_fault(value: object) -> None:
    body = json.dumps(value).encode()
    try:
        found = taken(body)
    except WireFault as caught:
        assert caught.message
        assert isinstance(value, list) or caught.index is None
    else:
        assert len(found) == len(value)  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_any_bytes_are_events_or_a_fault(body: bytes) -> None:
    with pytest.raises(WireFault):
        taken(body)
