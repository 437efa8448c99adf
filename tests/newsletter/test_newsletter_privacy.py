"""Nobody can learn who subscribes, and nobody can make a signup do what it should not: bytes, times, hostile input."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from relays import add_issue, add_subscribers, relaying, settings_at
from signups import Serving, serving, settings_for
from sqlalchemy import update

from milepost.newsletter import delivery, store, tables
from milepost.newsletter.addresses import BadAddress, address_of
from milepost.newsletter.service import PACE_SECONDS

SUBSCRIBE = "/newsletter/subscribe"
AT_ONCE = 4
FIRST = 250
"""Readers whose mails go before that of the one who leaves."""


def signed_up(served: Serving, address: str) -> tuple[float, bytes]:
    """(seconds, the whole answer but its date) of a signup over a connection of its own."""
    body = urlencode({"address": address, "touchpoint": "blog/first"}).encode()
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % SUBSCRIBE.encode()
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body)
    url = httpx.URL(served.url)
    with socket.create_connection((url.host, url.port)) as connection:
        began = time.perf_counter()
        connection.sendall(head + form + body)
        answer = connection.recv(65536)
        seconds = time.perf_counter() - began
        while more := connection.recv(65536):
            answer += more
    return seconds, b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"date:"))


def probability_of_slower(some: list[float], others: list[float]) -> float:
    """How often one of `some` is larger than one of `others`: 0.5 when nothing can be told from them (Mann-Whitney)."""
    ordered = sorted([(value, 1) for value in some] + [(value, 0) for value in others])
    below = beaten = 0
    for _, is_some in ordered:
        if is_some:
            beaten += below
        else:
            below += 1
    return beaten / (len(some) * len(others))


def compare(served: Serving, trials: int) -> tuple[float, set[bytes]]:
    """What the times of addresses that subscribe, and of such as nobody knows, tell; and every answer.

    Both kinds in turn, several at once, so that whatever else the machine does meets both alike.
    """
    known = [f"known{number}@example.org" for number in range(trials)]
    for start in range(0, trials, 100):
        with served.engine.begin() as connection:
            for address in known[start : start + 100]:
                store.sign_up(connection, address, "blog/first", None, "", "en", served.now)
            connection.execute(update(tables.subscriber).values(state="active"))
    asked = [address for number in range(trials) for address in (known[number], f"other{number}@example.org")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda address: signed_up(served, address), asked))
    seconds = [answer[0] for answer in answers]
    return probability_of_slower(seconds[::2], seconds[1::2]), {answer[1] for answer in answers}


def holds(tmp_path: Path, trials: int, most: float) -> None:
    with serving(settings_for(tmp_path), pace_seconds=PACE_SECONDS) as served:
        told, answers = compare(served, trials)
        assert len(answers) == 1
        assert abs(told - 0.5) < most
        # The instrument works: an answer that is not paced is told from one that is.
        seen = [signed_up(served, "no address")[0] for _ in range(10)], [signed_up(served, "a@example.org")[0]]
        assert probability_of_slower(seen[1], seen[0]) > 0.9


def test_neither_bytes_nor_times_tell_who_subscribes(tmp_path: Path) -> None:
    # Of 60 and 60 the standard deviation is 0.053.
    holds(tmp_path, 60, 0.22)


@pytest.mark.long
def test_neither_bytes_nor_times_tell_who_subscribes_in_2000_trials(tmp_path: Path) -> None:
    # Of 2,000 and 2,000 the standard deviation is 0.0091.
    holds(tmp_path, 2000, 0.04)


HOSTILE = {
    "template": "{{7*7}}@example.org",
    "python": "{0.__class__}@example.org",
    "sql": "'or'1'='1@example.org",
    "formula": "=1+1@example.org",
    "path": "../../etc/passwd@example.org",
    "shell": "$(id)`id`@example.org",
    "letters": "jürgen.ünlü@example.org",
    "domain": "reader@bücher.example",
    "other letters": "читатель@почта.рф",
}


def test_what_looks_like_code_is_an_address_or_none_and_never_runs(served: Serving) -> None:
    kept = {}
    for name, address in HOSTILE.items():
        answer = served.post(SUBSCRIBE, address=address)
        if answer.status_code == 200:
            kept[name] = address
        assert "49@" not in answer.text and "uid=" not in answer.text
    assert list(kept) == [name for name in HOSTILE if name not in ("path", "shell")]
    assert list(served.states()) == list(kept.values())
    for id_, address in enumerate(kept.values(), 1):
        page = served.get(f"/newsletter/confirm/{served.token('confirm', id_)}").text
        assert f"<strong>{address.replace(chr(39), '&#39;')}" in page, address
    assert "(xn--bcher-kva.example)" in served.get(f"/newsletter/confirm/{served.token('confirm', 6)}").text


@pytest.mark.parametrize(
    "address",
    [
        "reader@gооgle.com",  # two Cyrillic letters
        "reader@paypαl.example",  # a Greek one
        "reader@xn--ggle-0qaa.com\x00",
        "rea\u200bder@example.org",  # no width
        "\u202egro.elpmaxe@redaer",  # from right to left
        "reader@example.org\u2028Bcc: victim@example.org",
        "reader@example.org%0d%0aBcc: victim@example.org",
        "reader@exa\u00admple.org.",
        "\ud800@example.org".encode("utf-8", "surrogatepass").decode("utf-8", "replace") + "\x00",
        "reader@[127.0.0.1]",
        "a" * 5_000 + "@example.org",
    ],
)
def test_an_address_that_would_be_another_is_refused(address: str, served: Serving) -> None:
    with pytest.raises(BadAddress):
        address_of(address)
    assert served.post(SUBSCRIBE, address=address).status_code == 400
    assert served.states() == {}


def test_ten_megabytes_are_refused_before_they_are_read(served: Serving) -> None:
    began = time.monotonic()
    answer = served.post(SUBSCRIBE, address="a@example.org", name="x" * 10_000_000)
    assert (answer.status_code, served.states()) == (400, {})
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_one_click_suppresses_within_a_second_in_the_middle_of_a_send_while_others_write(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = ""
    if kind == "postgresql":
        new_database: Callable[[], str] = request.getfixturevalue("postgresql")
        url = new_database()
    settings = settings_for(tmp_path, url)
    with serving(settings) as served, relaying(pause=0.01) as sink, ThreadPoolExecutor(AT_ONCE + 1) as pool:
        add_subscribers(served.engine, *(f"first{number}@example.org" for number in range(FIRST)))
        served.post(SUBSCRIBE, address="reader@example.org")
        served.post(f"/newsletter/confirm/{served.token('confirm', FIRST + 1)}")
        to_sink = settings_at(tmp_path, sink.url)
        sending = pool.submit(asyncio.run, delivery.send(served.engine, to_sink, add_issue(served.engine)))
        while len(sink.mails) < 5:
            time.sleep(0.001)
        busy = [pool.submit(served.post, SUBSCRIBE, address=f"reader{number}@example.org") for number in range(40)]
        began = time.monotonic()
        with served.client() as client:
            clicked = client.post(
                f"/newsletter/one-click/{served.token('one-click', FIRST + 1)}", content=b"List-Unsubscribe=One-Click"
            )
        assert served.states()["reader@example.org"] == "unsubscribed"
        assert time.monotonic() - began < 1
        assert not sending.done()
        assert sending.result() == {"accepted": FIRST, "skipped": 1}
        assert "reader@example.org" not in sink.recipients()
        assert (clicked.text, clicked.headers.get("set-cookie")) == ("unsubscribed\n", None)
        assert {one.result().status_code for one in busy} == {200}
