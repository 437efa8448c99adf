"""`make bench-mail` (N=4000, AUDIENCE=100000): an issue sent with a ledger, beside bare aiosmtplib, in one run.
Freezing, and the first mails to all of them, are done in MILEPOST_DATABASE_URL where that is given: an empty database,
whose tables stay.

Both hand the same mails of 10 KB to the same sink in a process of its own, over the same number of connections. Ours
also composes each copy, commits it as armed before and as accepted after, and can be killed at any moment; the bare one
has its bytes ready and remembers nothing. DKIM is a run of its own, of an eighth of the mails. Figures of a busy
machine are worth little as seconds, and somewhat more as ratios: each pair is run in turn, and the medians are
compared. What a mail takes of the processor is that of the sending process alone, and depends least on what else runs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "newsletter"))

import aiosmtplib
from aiosmtpd.smtp import SMTP
from relays import add_issue, add_subscribers, item, readers, settings_at
from signups import NOW
from sqlalchemy import Engine, insert, select

from milepost.newsletter import control, delivery, digests, ledger, store, tables
from milepost.newsletter.copies import Copies
from milepost.newsletter.drafts import make_issue
from milepost.newsletter.mail import letterhead
from milepost.newsletter.model import Settings as NewsletterSettings
from milepost.newsletter.tokens import Tokens
from milepost.settings import Settings

CONNECTIONS = 8
ROUNDS = 5
SIGNED_PART = 8
FIRST = 2000


class Taking:
    """Takes every mail and keeps none."""

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802, the name that aiosmtpd asks for
        return "250 yes"


def sink(ports: Any) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        made = await loop.create_server(lambda: SMTP(Taking(), hostname="sink.example", loop=loop), "127.0.0.1", 0)
        ports.put(made.sockets[0].getsockname()[1])
        await made.serve_forever()

    asyncio.run(serve())


@contextmanager
def sinking() -> Iterator[int]:
    ports: Any = multiprocessing.Queue()
    process = multiprocessing.Process(target=sink, args=[ports], daemon=True)
    process.start()
    yield ports.get()
    process.terminate()


async def bare(port: int, mails: list[tuple[str, str, bytes]]) -> None:
    """The same mails by aiosmtplib alone."""
    left = iter(mails)

    async def connection() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for sender, recipient, content in left:
                await client.sendmail(sender, [recipient], content)

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


class Took(NamedTuple):
    seconds: float
    processor: float


def took(run: Callable[[], object]) -> Took:
    began, used = time.perf_counter(), time.process_time()
    run()
    return Took(time.perf_counter() - began, time.process_time() - used)


def new_store(root: Path, number: int, port: int, key: Path | None) -> tuple[Engine, Settings, str]:
    settings = settings_at(root, f"smtp://127.0.0.1:{port}")
    ours = settings.of(NewsletterSettings).model_copy(update={"connections": CONNECTIONS})
    env = settings.env.model_copy(update={"dkim_key": key})
    settings = settings.model_copy(update={"env": env, "models": {"newsletter": ours}})
    engine = store.open_store(settings.env)
    add_subscribers(engine, *readers(number))
    return engine, settings, add_issue(engine, item(summary="A paragraph that says what this post is about. " * 9))


def copies_of(engine: Engine, settings: Settings, issue: str) -> list[tuple[str, str, bytes]]:
    """The bytes that an issue is sent as."""
    secret = settings.env.secret()
    with engine.begin() as connection:
        ledger.freeze(connection, issue, letterhead(settings), NOW)
        made = Copies(ledger.issue_row(connection, issue), "", Tokens(secret), secret, None)
        people = {row.id: row for row in store.all_subscribers(connection)}
        rows = connection.execute(select(tables.delivery)).all()
    found = [made.of(row.id, row.message_id, people[row.subscriber_id]) for row in rows]
    return [(copy.sender, copy.recipient, copy.content) for copy in found]


def send(root: Path, number: int, port: int, key: Path | None = None) -> Took:
    engine, settings, issue = new_store(root, number, port, key)
    counts: Any = {}
    found = took(lambda: counts.update(asyncio.run(delivery.send(engine, settings, issue))))
    assert counts == {"accepted": number}, counts
    return found


def deliver(folder: Path, number: int) -> None:
    key = folder / "key.pem"
    key.write_bytes(subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True).stdout)
    with sinking() as port:
        mails = copies_of(*new_store(folder / "bytes", number, port, None))
        size = statistics.mean(len(content) for *_, content in mails)
        few = number // SIGNED_PART
        bares, ours, signed = [], [], []
        for turn in range(ROUNDS):
            bares.append(took(lambda: asyncio.run(bare(port, mails))))
            ours.append(send(folder / f"plain{turn}", number, port))
            signed.append(send(folder / f"signed{turn}", few, port, key))
    print(f"{number} mails of {size / 1000:.1f} KB, {CONNECTIONS} connections, median of {ROUNDS}")
    best = rate_of(bares, number)
    for name, runs, sent in (
        ("bare aiosmtplib", bares, number),
        ("milepost", ours, number),
        ("milepost, DKIM", signed, few),
    ):
        rate, used = rate_of(runs, sent), statistics.median(run.processor for run in runs) / sent * 1000
        print(f"  {name:16}{rate:7.0f} a second   {rate / best:4.0%} of bare   {used:5.2f} ms of processor each")


def rate_of(runs: list[Took], number: int) -> float:
    return number / statistics.median(run.seconds for run in runs)


TOPICS = ("strategy", "tools", "docs", "news")
ZONES = ("", "Asia/Tokyo", "America/New_York", "Europe/London", "Asia/Kathmandu", "Pacific/Honolulu")


def freeze(folder: Path, audience: int) -> None:
    """An issue for readers of each post, and a digest for as many in six zones; half of all chose one topic or two."""
    settings = settings_at(folder / "frozen", None)
    given = {"database_url": os.environ.get("MILEPOST_DATABASE_URL") or settings.env.database_url}
    settings = settings.model_copy(update={"env": settings.env.model_copy(update=given)})
    engine = store.open_store(settings.env)
    chosen = ["", f";{TOPICS[0]};", "", f";{TOPICS[1]};{TOPICS[2]};"]
    for rhythm in ("each", "daily"):
        add_readers(engine, audience, lambda number, rhythm=rhythm: {
            "address": f"reader{number}@{rhythm}.example", "rhythm": rhythm, "topics": chosen[number % 4],
            "zone": ZONES[number % 6] if rhythm == "daily" else "",
        })  # fmt: skip
    posts = [item(count, tags=[TOPICS[count % 4], "more"]) for count in range(12)]
    with engine.begin() as connection:
        issue = make_issue(connection, [item(99)], NOW)
    with engine.begin() as connection:
        issue = make_issue(connection, [*posts, item(99)], NOW)
        assert issue

    def freeze_issue() -> None:
        with engine.begin() as connection:
            ledger.freeze(connection, issue, letterhead(settings), NOW)

    def freeze_digest() -> None:
        with engine.begin() as connection:
            made = digests.make_due(connection, [*posts, item(99)], letterhead(settings), "UTC", NOW)
            assert made == [f"{NOW:%Y-%m-%d}-daily"], made

    for what, run in (("an issue of 12 posts", freeze_issue), ("a digest of them", freeze_digest)):
        print(f"freezing {what} for {audience} on {engine.dialect.name}: {took(run).seconds:.1f} s")
    with engine.connect() as connection:
        counting = took(lambda: ledger.counts(connection, issue)).seconds
        assert sum(ledger.counts(connection, issue).values()) == audience
    begin_to_send(engine, settings, issue)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"counting its states: {counting * 1000:.0f} ms")
    print(f"memory of all that, and of sending the first {FIRST}: {memory:.0f} MB at most")


def begin_to_send(engine: Engine, settings: Settings, issue: str) -> None:
    """The first mails of an issue, as a sender of all would: what it keeps in memory does not grow with the rest."""

    def pause(settled: int, _: int) -> None:
        if settled == FIRST:
            with engine.begin() as connection:
                control.pause(connection, issue)

    with sinking() as port:
        env = settings.env.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})
        counts = asyncio.run(delivery.send(engine, settings.model_copy(update={"env": env}), issue, pause))
    assert FIRST <= counts["accepted"] <= FIRST + CONNECTIONS, counts


def add_readers(engine: Engine, number: int, row: Callable[[int], dict[str, Any]]) -> None:
    same = {"language": "en", "state": "active", "touchpoint": "blog", "asked_at": NOW, "changed_at": NOW}
    with engine.begin() as connection:
        for first in range(0, number, 10_000):
            rows = [row(count) | same for count in range(first, min(first + 10_000, number))]
            connection.execute(insert(tables.subscriber), rows)


def main() -> None:
    audience = int(os.environ.get("AUDIENCE", "100000"))
    with tempfile.TemporaryDirectory() as folder:
        # First, and in a process of its own: what it needs of memory is its own.
        freezing = multiprocessing.get_context("spawn").Process(target=freeze, args=[Path(folder), audience])
        freezing.start()
        freezing.join()
        deliver(Path(folder), int(os.environ.get("N", "4000")))


if __name__ == "__main__":
    main()
