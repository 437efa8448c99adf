"""On disk before it is answered; one transaction for all that wait; nothing half kept."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from collecting import NOW, event, settings_for

from milepost.journeys import inbox, wire
from milepost.journeys.inbox import Adoption, Inbox, InboxUnavailable, Overloaded
from milepost.journeys.model import Consented, Counted, Event, Known, Tier, Visited

VIEW = Event(bytes(15) + b"\1", 1_000, "view", "blog/first", data='{"referrer":"a.example"}')
ORDER = Event(bytes(15) + b"\2", 2_000, "order", "store/shop", "trial", 9.5, "EUR")


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def requests_in(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT received, tier, visit, person, bot, size, events FROM requests").fetchall()
    return [(*row[:-1], inbox.unpack(row[-1])) for row in found]


@pytest.mark.parametrize(
    ("tier", "columns"),
    [
        (Counted(), ("counted", None, None)),
        (Visited(b"v" * 16), ("visited", b"v" * 16, None)),
        (Consented("p" * 22, b"v" * 16), ("consented", b"v" * 16, "p" * 22)),
        (Known("p" * 22), ("known", None, "p" * 22)),
    ],
)
def test_a_request_comes_back_as_it_was_kept(tmp_path: Path, tier: Tier, columns: tuple[Any, ...]) -> None:
    async def work() -> None:
        async with Inbox(tmp_path) as box:
            await box.append(tier, [VIEW, ORDER], [], 5)
            assert requests_in(box.path) == [(5, *columns, None, 2, [VIEW, ORDER])]

    run(work())


def test_a_request_may_wait_as_it_was_sent(tmp_path: Path) -> None:
    body = json.dumps([event(), event("engage", data={"seconds": 31, "depth": 80})]).encode()

    async def work() -> None:
        async with Inbox(tmp_path) as box:
            await box.append_as_sent(Visited(b"v" * 16), b" " + body, 2, 5, "GPTBot")
            await box.append(Counted(), [VIEW], [], 6)
            found, packed = requests_in(box.path)
            assert found[:-1] == (5, "visited", b"v" * 16, None, "GPTBot", 2)
            assert found[-1] == wire.events_of(wire.batch_of(body, NOW))
            assert packed[-1] == [VIEW]

    run(work())


def test_an_unknown_touchpoint_is_kept_aside(tmp_path: Path) -> None:
    async def work() -> None:
        async with Inbox(tmp_path) as box:
            await box.append(Counted(), [], [VIEW], 5)
            assert requests_in(box.path) == []
            with closing(sqlite3.connect(box.path)) as connection:
                ((touchpoint, packed),) = connection.execute("SELECT touchpoint, event FROM aside").fetchall()
            assert (touchpoint, inbox.unpack_one(packed)) == ("blog/first", VIEW)

    run(work())


def test_requests_that_wait_together_share_a_transaction(tmp_path: Path) -> None:
    async def work() -> None:
        async with Inbox(tmp_path) as box:
            await asyncio.gather(*(box.append(Counted(), [VIEW], [], number) for number in range(200)))
            assert len(requests_in(box.path)) == 200
            assert 1 <= box.commits <= 20
            assert box.waiting == 0

    run(work())


def test_more_than_may_wait_are_refused_and_the_next_are_taken(tmp_path: Path) -> None:
    async def work() -> None:
        async with Inbox(tmp_path, max_waiting=3) as box:
            appends = (box.append(Counted(), [VIEW], [], number) for number in range(5))
            answers = await asyncio.gather(*appends, return_exceptions=True)
            assert [type(answer) for answer in answers] == [type(None)] * 3 + [Overloaded] * 2
            await box.append(Counted(), [VIEW], [], 9)
            assert [row[0] for row in requests_in(box.path)] == [0, 1, 2, 9]

    run(work())


def test_a_disk_that_takes_nothing_is_said_and_then_goes_on(tmp_path: Path) -> None:
    async def work() -> None:
        async with Inbox(tmp_path) as box:
            await box.append(Counted(), [VIEW], [], 1)
            # SQLite answers SQLITE_FULL at this bound as it does on a full disk.
            pages = box._connection.execute("PRAGMA page_count").fetchone()[0]
            box._connection.execute(f"PRAGMA max_page_count = {pages}")
            large = VIEW._replace(data="x" * 100_000)
            with pytest.raises(InboxUnavailable, match="full"):
                await box.append(Counted(), [large], [], 2)
            box._connection.execute("PRAGMA max_page_count = 1000000")
            await box.append(Counted(), [VIEW], [], 3)
            assert [row[0] for row in requests_in(box.path)] == [1, 3]

    run(work())


def test_a_cancelled_request_does_not_stop_the_others(tmp_path: Path) -> None:
    async def work() -> None:
        async with Inbox(tmp_path) as box:
            first = asyncio.ensure_future(box.append(Counted(), [VIEW], [], 1))
            second = asyncio.ensure_future(box.append(Counted(), [VIEW], [], 2))
            await asyncio.sleep(0)
            first.cancel()
            await second
            assert box.waiting == 0

    run(work())


def test_leaving_writes_what_still_waits(tmp_path: Path) -> None:
    async def work() -> None:
        box = Inbox(tmp_path)
        async with box:
            waiting = [asyncio.ensure_future(box.append(Counted(), [VIEW], [], n)) for n in range(50)]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        assert len(requests_in(box.path)) == 50

    run(work())


def test_each_process_has_an_inbox_and_a_restarted_one_goes_on_with_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        async with Inbox(tmp_path) as first, Inbox(tmp_path) as second:
            assert [first.path.name, second.path.name] == ["inbox-1.sqlite", "inbox-2.sqlite"]
        async with Inbox(tmp_path) as again:
            assert again.path.name == "inbox-1.sqlite"

    run(work())


def test_a_visit_is_adopted_in_every_inbox_but_not_before_since(tmp_path: Path) -> None:
    async def work() -> None:
        async with Inbox(tmp_path) as first, Inbox(tmp_path) as second:
            for box in (first, second):
                for received in (10, 20):
                    await box.append(Visited(b"v" * 16), [VIEW], [], received)
                await box.append(Visited(b"o" * 16), [VIEW], [], 20)
            await second.adopt(Adoption(b"v" * 16, b"n" * 16, "p" * 22, since=20))
            expected = [
                (10, "visited", b"v" * 16, None),
                (20, "consented", b"n" * 16, "p" * 22),
                (20, "visited", b"o" * 16, None),
            ]
            assert [[row[:4] for row in requests_in(box.path)] for box in (first, second)] == [expected, expected]

    run(work())


def test_the_inbox_is_synchronous(tmp_path: Path) -> None:
    with closing(inbox.connect(tmp_path / "inbox-1.sqlite")) as connection:
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


def _traced() -> bool:
    if not (strace := shutil.which("strace")):
        return False
    return subprocess.run([strace, "-f", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not _traced(), reason="strace is not there or may not trace")
def test_the_log_is_on_disk_between_request_and_answer(tmp_path: Path) -> None:
    settings_for(tmp_path)
    trace = tmp_path / "trace"
    program = Path(__file__).with_name("collecting.py")
    command = ["strace", "-f", "-yy", "-e", "trace=fdatasync,fsync,sendto,recvfrom", "-o", str(trace)]
    process = subprocess.Popen(
        [*command, sys.executable, str(program), str(tmp_path / "var"), str(tmp_path)],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout
        port = int(process.stdout.readline())
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            for _ in range(2):
                sent = [event(at=datetime.now(UTC))]
                answer = client.post("/journey/v1/events", json=sent, headers={"content-type": "text/plain"})
                assert answer.status_code == 204
    finally:
        # To the group: strace itself passes no signal on.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    call = re.compile(r"(recvfrom|sendto|fdatasync|fsync)\(\d+<([^>]*)>.*?(POST /journey|HTTP/1.1 204|$)", re.M)
    calls = call.findall(trace.read_text())
    story = [
        "request" if what.startswith("POST") else "answer" if what.startswith("HTTP") else "synced"
        for call, where, what in calls
        if what or (call.startswith("f") and where.endswith("inbox-1.sqlite-wal"))
    ]
    first = story.index("request")
    assert story[first : first + 6] == ["request", "synced", "answer"] * 2, story
