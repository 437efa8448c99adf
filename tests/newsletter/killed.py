"""Sends an issue in a process that is killed at a named moment. A program: see `Killer` for how tests talk to it.

It imports everything once and forks for each send, so that a kill costs no start. What it replaces are the steps
themselves, each by the same step and a SIGKILL before, within or after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiosmtplib.protocol import SMTPProtocol

from milepost import db, settings
from milepost.newsletter import delivery, ledger
from milepost.newsletter import scribe as scribes
from milepost.newsletter.relay import SmtpRelay

WITHIN = {
    "frozen, not committed": "freeze",
    "taken over, not committed": "take_over",
    "leased, not committed": "lease",
    "armed, not committed": "arm",
    "settled, not committed": "settle",
    "done, not committed": "finish",
}
AFTER = {
    "frozen": "freeze",
    "leased": "lease",
    "armed": "arm",
    "settled": "settle",
    "done": "finish",
}
HANDING = ("half handed over", "handed over, not answered", "accepted, not written down")
MOMENTS = (*WITHIN, *AFTER, *HANDING)


class Killer:
    """The program from a test's side; `with` it."""

    def __init__(self, settings_file: Path, environ: dict[str, str]) -> None:
        env = {**os.environ, **environ, "MILEPOST_SETTINGS": str(settings_file)}
        pipe = subprocess.PIPE
        line = [sys.executable, str(Path(__file__)), str(settings_file)]
        self._process = subprocess.Popen(line, env=env, cwd=settings_file.parent, stdin=pipe, stdout=pipe, text=True)

    def __enter__(self) -> Killer:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, issue: str, moment: str = "", nth: int = 1, seconds: float = 0.0) -> int:
        """The status of one sender: -9 when it was killed, at the nth `moment` or after so many `seconds`."""
        assert self._process.stdin and self._process.stdout
        asked = {"issue": issue, "moment": moment, "nth": nth, "seconds": seconds}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(moment: str, nth: int) -> None:
    """Replace the step of `moment` by one that ends the process."""
    left = nth

    def due() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def wrapped(step: Callable[..., Any], at_once: bool) -> Callable[..., Any]:
        def run(*arguments: Any, **more: Any) -> Any:
            found = step(*arguments, **more)
            if due():
                if at_once:
                    die()
                committed.append(True)
            return found

        return run

    committed: list[bool] = []
    if moment in WITHIN:
        setattr(ledger, WITHIN[moment], wrapped(getattr(ledger, WITHIN[moment]), True))
    elif moment in AFTER:
        setattr(ledger, AFTER[moment], wrapped(getattr(ledger, AFTER[moment]), False))
        transaction = scribes.Scribe._transaction

        def then_die(*arguments: Any) -> Any:
            found = transaction(*arguments)
            if committed:
                die()
            return found

        scribes.Scribe._transaction = then_die  # type: ignore[method-assign]
    elif moment:
        _kill_handing(moment, due)


def _kill_handing(moment: str, due: Callable[[], bool]) -> None:
    write, data = SMTPProtocol.write, SmtpRelay._data

    def writes(self: SMTPProtocol, content: bytes) -> None:
        is_mail = len(content) > 500 and due()
        write(self, content[: len(content) // 2] if is_mail and moment == HANDING[0] else content)
        if is_mail:
            time.sleep(0.005)
            die()

    async def answers(*arguments: Any, **more: Any) -> Any:
        found = await data(*arguments, **more)
        if due():
            die()
        return found

    if moment == HANDING[2]:
        SmtpRelay._data = answers  # type: ignore[method-assign]
    else:
        SMTPProtocol.write = writes  # type: ignore[method-assign]


def child(ours: settings.Settings, issue: str, moment: str, nth: int) -> None:
    kill_at(moment, nth)
    engine = db.engine_for(ours.env.database_url)
    asyncio.run(delivery.send(engine, ours, issue))


def main(settings_file: Path) -> None:
    ours = settings.load(settings_file)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            try:
                child(ours, asked["issue"], asked["moment"], asked["nth"])
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        if asked["seconds"]:
            time.sleep(asked["seconds"])
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(status, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
