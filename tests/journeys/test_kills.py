"""Nothing acknowledged is lost, and nothing is counted twice, whichever process is killed and when."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from collecting import BROWSER, event, rows, settings_for, wait_for

from milepost.journeys import archive, inbox
from milepost.journeys.archive import archive_inboxes

CLIENTS = 3
PROGRAM = Path(__file__).with_name("collecting.py")
ARCHIVER = """
import os, random, signal, sys, threading, time
from milepost.journeys import archive
from milepost.settings import environment
transition, seconds = sys.argv[1], float(sys.argv[2])
kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
if seconds:
    threading.Timer(seconds, kill).start()
archive.BATCH_EVENTS = 40
archive.archive_inboxes(environment(), at=lambda at: at == transition and kill())
os._exit(0)
"""


class Clients:
    """Readers that number their events, and send a batch again until it is acknowledged; once in a while once more."""

    def __init__(self) -> None:
        self.port = 0
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self.repeated = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CLIENTS)]

    def _send(self, number: int) -> None:
        chance = random.Random(number)
        while not self._stop.is_set():
            batch = [event(at=datetime.now(UTC)) for _ in range(3)]
            ids = {one["id"].replace("-", "") for one in batch}
            self.sent |= ids
            if not self._acknowledged(batch):
                return
            self.acknowledged |= ids
            if chance.random() < 0.2 and self._acknowledged(batch):
                self.repeated += 3

    def _acknowledged(self, batch: list[dict[str, object]]) -> bool:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            with suppress(OSError, http.client.HTTPException):
                headers = {"Content-Type": "text/plain", "User-Agent": BROWSER}
                connection.request("POST", "/journey/v1/events", json.dumps(batch), headers)
                answer = connection.getresponse()
                assert answer.status == 204, answer.read()
                return True
            connection.close()
            time.sleep(0.02)
        return False

    @contextmanager
    def sending(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()


class House:
    """One site's collector and archiver, and what kills them."""

    def __init__(self, root: Path) -> None:
        self.root, self.settings, self.clients = root, settings_for(root), Clients()

    def start(self, *kill_at: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAM), str(self.settings.env.var), str(self.root), *kill_at]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        self.clients.port = int(process.stdout.readline())
        return process

    def archive_and_kill(self, transition: str, seconds: float = 0) -> int:
        command = [sys.executable, "-c", ARCHIVER, transition, str(seconds)]
        return subprocess.run(command, env={"MILEPOST_VAR": str(self.settings.env.var)}, check=False).returncode

    def after(self, more: int) -> None:
        """Wait until so many more events were acknowledged."""
        enough = len(self.clients.acknowledged) + more
        wait_for(lambda: len(self.clients.acknowledged) >= enough)

    def compare(self) -> int:
        """Archive what is left, and hold it against what was acknowledged. Returns how many events there are."""
        archive_inboxes(self.settings.env)
        found = Counter(row["id"].hex() for row in rows(self.settings.env))
        assert self.clients.acknowledged - set(found) == set(), "acknowledged, and lost"
        assert [one for one, times in found.items() if times > 1] == [], "counted twice"
        assert set(found) <= self.clients.sent, "nobody sent it"
        return len(found)


def test_a_kill_at_each_named_transition_loses_and_repeats_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    kills = []
    with house.clients.sending():
        for transition in inbox.TRANSITIONS:
            kills.append(house.start(transition, "20").wait(30))
        process = house.start()
        for transition in archive.TRANSITIONS:
            house.after(60)
            kills.append(house.archive_and_kill(transition))
    process.kill()
    assert kills == [-9] * (len(inbox.TRANSITIONS) + len(archive.TRANSITIONS))
    assert house.compare() > 400
    assert house.clients.repeated > 0


@pytest.mark.parametrize(
    "kills",
    [3, pytest.param(30, marks=pytest.mark.long), pytest.param(1000, marks=pytest.mark.long)],
)
def test_kills_at_random_lose_and_repeat_nothing(tmp_path: Path, kills: int) -> None:
    """Of collector and archiver in turn; they start, work and die while the clients go on sending."""
    house, chance = House(tmp_path), random.Random(kills)
    process = house.start()
    with house.clients.sending():
        for number in range(kills):
            house.after(30)
            if number % 2:
                house.archive_and_kill("", 0.2 + chance.random())
            else:
                time.sleep(chance.random() / 10)
                process.kill()
                process.wait()
                process = house.start()
        house.after(30)
    process.kill()
    assert house.compare() > 30 * kills
