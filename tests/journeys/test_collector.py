"""The collector over real sockets: what it takes, what it refuses and how, and what it leaves nowhere."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from collecting import NOW, Running, event, running, settings_for, wait_for, write_manifest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.journeys import collector, gate
from milepost.journeys.archive import archive_inboxes
from milepost.journeys.manifest import Manifest

TEXT = {"content-type": "text/plain"}
EVENTS = "/journey/v1/events"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One collector for tests that leave nothing behind that another would see."""
    with running(settings_for(tmp_path_factory.mktemp("collector"), JOURNEY_ORIGINS=["https://docs.example"])) as run:
        yield run


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Running]:
    with running(settings_for(tmp_path)) as run:
        yield run


def post(run: Running, content: Any, path: str = EVENTS, **headers: str) -> httpx.Response:
    sent = {"content-type": "text/plain", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.post(f"{run.url}{path}", content=content, headers=sent, verify=False)


def error(answer: httpx.Response) -> tuple[int, int | None, str | None, str]:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    return answer.status_code, body["error"]["index"], body["error"]["field"], body["error"]["message"]


def test_an_event_is_in_the_archive_as_it_was_sent(fresh: Running) -> None:
    sent = event("engage", "docs/index", NOW - timedelta(seconds=3), data={"seconds": 30, "depth": 75})
    answer = fresh.send(sent)
    assert (answer.status_code, answer.content, answer.headers["Milepost-Consent"]) == (204, b"", "ask")
    (row,) = fresh.archived()
    visit = row.pop("visit")
    assert len(visit) == 16
    assert row == {
        "id": bytes.fromhex(sent["id"].replace("-", "")),
        "at": NOW - timedelta(seconds=3),
        "received": NOW,
        "type": "engage",
        "touchpoint": "docs/index",
        "tier": "visited",
        "person": None,
        "goal": None,
        "value": None,
        "currency": None,
        "bot": None,
        "data": '{"seconds":30.0,"depth":75.0}',
    }


def test_a_repeated_id_counts_once(fresh: Running) -> None:
    sent, other = event(), event()
    assert [fresh.send(sent, sent).status_code, fresh.send(sent, other).status_code] == [204, 204]
    assert len(fresh.archived()) == 2
    fresh.clock.forward(hours=23)
    assert fresh.send(sent).status_code == 204
    assert len(fresh.archived()) == 2


def test_one_faulty_event_takes_none_of_the_batch(fresh: Running) -> None:
    batch = [event() for _ in range(4)]
    batch[3]["type"] = "purchase"
    status, index, field, message = error(fresh.send(*batch))
    assert (status, index, field) == (400, 3, "type")
    assert message.startswith("must be a type that a browser may send: view, ")
    assert fresh.archived() == []


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b"no JSON", {}, (400, None, None, "not JSON; send an array of events")),
        (b"[" * 65_536, {}, (400, 0, None, "must be an event: an object")),
        (b" " * 65_537, {}, (413, None, None, "send at most 65536 bytes")),
        (iter([b" " * 40_000] * 2), {}, (413, None, None, "send at most 65536 bytes")),
        (b"[]", {"content_type": "text/html"}, (400, None, "Content-Type", "send text/plain or application/json")),
        (b"\x1f\x8b", {"content_encoding": "gzip"}, (400, None, "Content-Encoding", "send it uncompressed")),
        (
            json.dumps([event(at=NOW + timedelta(minutes=6))]),
            {},
            (400, 0, "at", "more than 5 minutes ahead of the server's clock"),
        ),
        (json.dumps([event(tier="known")]), {}, (400, 0, "tier", "unknown field")),
        (json.dumps([event(person="A" * 22)]), {}, (400, 0, "person", "unknown field")),
    ],
    # Named, not by value: ids in the events are random, and every process of a parallel run must agree.
    ids=[
        "no JSON",
        "deep nesting",
        "too long",
        "too long in parts",
        "foreign type",
        "compressed",
        "from the future",
        "a tier",
        "a person",
    ],
)
def test_what_is_refused_is_said_in_one_shape(
    served: Running, content: Any, headers: dict[str, str], expected: tuple[int, Any, Any, str]
) -> None:
    assert error(post(served, content, **headers)) == expected


@pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", "application/json", "Application/JSON; x=y"])
def test_both_content_types_are_taken(served: Running, content_type: str) -> None:
    assert post(served, json.dumps([event()]), content_type=content_type).status_code == 204


def test_a_get_does_nothing(served: Running) -> None:
    answers = [
        httpx.request(method, f"{served.url}{EVENTS}").status_code for method in ("GET", "HEAD", "PUT", "DELETE")
    ]
    assert answers == [405] * 4


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("{url}", 204),
        ("http://site.example", 204),
        ("https://docs.example", 204),
        ("https://DOCS.example", 204),
        ("https://evil.example", 403),
        ("https://docs.example.evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("path", [EVENTS, "/journey/v1/consent"])
def test_only_own_origins_may_send(served: Running, path: str, origin: str, status: int) -> None:
    content = json.dumps([event()]) if path == EVENTS else "no"
    answer = post(served, content, path, origin=origin.format(url=served.url))
    assert answer.status_code == status
    if status == 403:
        assert error(answer)[2:] == ("Origin", "this origin may not send; see the setting JOURNEY_ORIGINS")
        assert "set-cookie" not in answer.headers


def test_a_page_of_another_allowed_origin_may_read_the_answer(served: Running) -> None:
    answers = [post(served, json.dumps([event()]), origin=origin) for origin in ("https://docs.example", served.url)]
    shared, own = [{k: v for k, v in answer.headers.items() if k.startswith("access-control")} for answer in answers]
    assert shared == {
        "access-control-allow-origin": "https://docs.example",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Milepost-Consent, Retry-After",
    }
    assert own == {}


def test_an_unknown_touchpoint_is_set_aside_and_reported(fresh: Running, tmp_path: Path) -> None:
    known, unknown = event(), event(touchpoint="blog/elsewhere")
    assert fresh.send(known, unknown).status_code == 204
    done = archive_inboxes(fresh.settings.env, clock=fresh.clock)
    assert (done.events, dict(done.aside)) == (1, {"blog/elsewhere": 1})
    assert done.summary().splitlines()[1] == (
        "1 event at 1 unknown touchpoint set aside: blog/elsewhere (1); they are not in the site's touchpoints.json"
    )
    write_manifest(tmp_path, ("blog/elsewhere",))
    assert fresh.send(event(touchpoint="blog/elsewhere")).status_code == 204
    assert {row["touchpoint"] for row in fresh.archived()} == {"blog/first", "blog/elsewhere"}


def test_a_manifest_that_cannot_be_read_leaves_what_was_known(fresh: Running, tmp_path: Path) -> None:
    fresh.send(event())
    (tmp_path / "output/touchpoints.json").write_text("{")
    fresh.send(event())
    shutil.rmtree(tmp_path / "output")
    fresh.send(event())
    assert len(fresh.archived()) == 3


def test_a_network_that_sends_too_much_waits_and_another_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PER_NETWORK", "3/minute")
    with running(settings_for(tmp_path, limits="on")) as run:
        answers = [run.send(event()) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert error(answers[3]) == (429, None, None, "too many requests from this network")
        transport = httpx.HTTPTransport(local_address="127.0.1.1")
        with httpx.Client(base_url=run.url, transport=transport) as client:
            assert run.send(event(), client=client).status_code == 204


def test_a_full_queue_answers_503_and_then_takes_more(fresh: Running) -> None:
    fresh.collector._inbox.max_waiting = 0
    answer = fresh.send(event())
    assert (error(answer)[0], answer.headers["retry-after"]) == (503, "1")
    fresh.collector._inbox.max_waiting = 10
    assert fresh.send(event()).status_code == 204
    assert len(fresh.archived()) == 1


def test_a_disk_that_fails_answers_503_and_logs_no_reader(fresh: Running, caplog: pytest.LogCaptureFixture) -> None:
    with fresh.client(user_agent="Agent 007") as client:
        client.post("/journey/v1/consent", content="yes", headers=TEXT)
        person = client.cookies["milepost_person"]
        fresh.collector._inbox._connection.execute("PRAGMA query_only = ON")
        with caplog.at_level(logging.DEBUG):
            answer = fresh.send(event(), client=client)
    assert (error(answer)[0], answer.headers["retry-after"]) == (503, "30")
    assert "not collected" in caplog.text
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("milepost"))
    assert not [secret for secret in (person, "127.0.0", "Agent 007") if secret in logged]


def test_a_slow_sender_is_let_go(fresh: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", fresh.port)) as slow:
        slow.sendall(
            b"POST /journey/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n["
        )
        started = time.monotonic()
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - started < 5
    assert fresh.send(event()).status_code == 204


@pytest.mark.parametrize("host", ["[::1", "a b", "%", "x" * 3000, "\xff"])
def test_a_strange_host_is_answered(served: Running, host: str) -> None:
    for path, body in ((EVENTS, json.dumps([event()]).encode()), ("/journey/v1/consent", b"yes")):
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n"
            head += f"Content-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode("latin-1") + body)
            assert client.recv(100).split()[1] in (b"204", b"400")


def test_a_sender_that_hangs_up_leaves_nothing(fresh: Running) -> None:
    with socket.create_connection(("127.0.0.1", fresh.port)) as client:
        client.sendall(b"POST /journey/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n[")
    assert fresh.send(event()).status_code == 204
    assert len(fresh.archived()) == 1


def test_visits_end_at_midnight(fresh: Running) -> None:
    with fresh.client(user_agent="A") as reader, fresh.client(user_agent="B") as other:
        for client in (reader, reader, other):
            fresh.send(event(at=fresh.clock()), client=client)
            fresh.clock.forward(seconds=1)
        fresh.clock.forward(hours=12)
        fresh.send(event(at=fresh.clock()), client=reader)
    first, second, others, tomorrow = [row["visit"] for row in fresh.archived()]
    assert first == second
    assert len({first, others, tomorrow}) == 3
    assert [path.name for path in (fresh.settings.env.var / "salts").iterdir()] == ["2026-01-16"]


def test_a_salt_is_destroyed_at_midnight_even_if_nobody_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "SWEEP_SECONDS", 0.02)
    with running(settings_for(tmp_path)) as run:
        run.send(event())
        folder = run.settings.env.var / "salts"
        assert [path.name for path in folder.iterdir()] == ["2026-01-15"]
        run.clock.forward(hours=12)
        wait_for(lambda: not list(folder.iterdir()))


def test_no_address_and_no_agent_is_in_any_file(fresh: Running) -> None:
    with fresh.client(user_agent="Agent 007") as client:
        fresh.send(event(), event(touchpoint="blog/unknown"), client=client)
        client.post("/journey/v1/consent", content="yes", headers=TEXT)
        fresh.send(event(), client=client)
        files = [path.read_bytes() for path in fresh.settings.env.var.rglob("*") if path.is_file()]
        fresh.archived()
        files += [path.read_bytes() for path in fresh.settings.env.var.rglob("*") if path.is_file()]
    assert len(files) > 6
    assert not [found for found in (b"Agent 007", b"127.0.0") for file in files if found in file]


def test_another_service_records_what_happened_there(fresh: Running) -> None:
    def record(*arguments: Any) -> None:
        asyncio.run_coroutine_threadsafe(fresh.collector.record(*arguments), fresh.loop).result(10)

    record("signup", "blog/first", "A" * 22, {})
    record("signup", "blog/second", None, {"list": "letters"})
    record("signup", "<script>", None, {})
    rows = {row["touchpoint"]: row for row in fresh.archived()}
    found = {name: (row["type"], row["tier"], row["person"], row["data"], row["at"]) for name, row in rows.items()}
    assert found == {
        "blog/first": ("signup", "known", "A" * 22, None, NOW),
        "blog/second": ("signup", "counted", None, '{"list":"letters"}', NOW),
    }
    ids = [row["id"] for row in rows.values()]
    assert [(id_[6] >> 4, id_[8] >> 6, int.from_bytes(id_[:6]) / 1000) for id_ in ids] == [(7, 2, NOW.timestamp())] * 2
    with pytest.raises(ValueError, match="no type of event"):
        record("purchase", "blog/first", None, {})


def test_figures_count_what_came(fresh: Running) -> None:
    fresh.send(event(), event(touchpoint="blog/unknown"))
    fresh.send(event(type_="nothing"))
    expected = {
        "events": 1, "aside": 1, "tier_visited": 1, "answered_204": 1, "answered_400": 1, "commits": 1, "waiting": 0,
    }  # fmt: skip
    assert fresh.collector.figures() == expected


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=400)
    | st.text(max_size=200).map(lambda text: json.dumps([event("search", data={"query": text, "results": 0})]).encode())
    | st.text(alphabet='[]{}":,\\ud80e1', max_size=80).map(lambda text: b'[{"id":"' + text.encode() + b'"}]'),
    st.sampled_from([EVENTS, "/journey/v1/consent"]),
    st.binary(max_size=60),
)
def test_nothing_that_is_sent_is_a_server_error(served: Running, body: bytes, path: str, cookie: bytes) -> None:
    cookie = bytes(byte for byte in cookie if 32 < byte != 127)
    answer = httpx.post(
        f"{served.url}{path}", content=body, headers={**TEXT, "cookie": b"milepost_person=" + cookie}, verify=False
    )
    assert answer.status_code in (204, 400)


def test_a_mail_is_known_before_the_site_lists_it_and_made_up_names_cost_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, sent = [100.0], set[str]()
    asked: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def mails() -> frozenset[str]:
        asked.append(now[0])
        return frozenset(sent)

    manifest = Manifest(tmp_path / "touchpoints.json", mails)

    def learned(*touchpoints: str) -> set[str]:
        unknown = manifest.unknown(touchpoints)
        if manifest.may_be_mails(unknown):
            manifest.ask()
        return manifest.unknown(touchpoints)

    assert (learned("blog/none"), asked) == ({"blog/none"}, [])
    assert (learned("newsletter/made-up"), learned("newsletter/x"), asked) == (
        {"newsletter/made-up"}, {"newsletter/x"}, [100.0],
    )  # fmt: skip
    sent.add("newsletter/2026-01-15")
    now[0] += 1.1
    assert (learned("newsletter/2026-01-15", "newsletter/x"), asked) == ({"newsletter/x"}, [100.0, 101.1])
