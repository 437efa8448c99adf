"""Work shared out to processes that are copies of this one, so that nothing need be handed to them."""

from __future__ import annotations

import gc
import mmap
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from typing import IO, Any, NoReturn, TypeVar

import msgspec

from milepost.errors import MilepostError
from milepost.progress import bar

Item = TypeVar("Item")
LEAST = 32
"""So few things are done sooner than another process is there."""
_LOOK_SECONDS = 0.01


class Crashed(MilepostError):
    """A process ended before its work did."""


def shared_out(
    label: str, items: Sequence[Item], work: Callable[[Item], Any], jobs: int, name_of: Callable[[Item], str]
) -> list[Any]:  # fmt: skip
    """`work` of every item, in their order, by up to `jobs` processes; what it returns must be msgpack's.

    Raises:
        MilepostError: what `work` raised.
        Crashed: when a process ended otherwise, with the name of the item that it was at.
    """
    count = max(1, min(jobs, len(items) // LEAST))
    with bar(label, len(items)) as each:
        if count == 1:
            return [_told(work(item), each) for item in items]
        return _Shares(items, work, count, name_of).done(each)


def _told(result: Any, each: Callable[[], None]) -> Any:
    each()
    return result


class _Shares:
    """Every process has each `count`th item. How far it is stands on a board that all can see."""

    def __init__(
        self, items: Sequence[Any], work: Callable[[Any], Any], count: int, name_of: Callable[[Any], str]
    ) -> None:
        self.items, self.work, self.count, self.name_of = items, work, count, name_of
        self.board = memoryview(mmap.mmap(-1, count * 8)).cast("Q")
        self._shown = 0

    def done(self, each: Callable[[], None]) -> list[Any]:
        gc.collect()
        gc.freeze()  # or the collector would touch, and so copy, every page of memory
        was_enabled = gc.isenabled()
        gc.enable()  # what is rendered leaves cycles
        others: dict[int, tuple[int, IO[bytes]]] = {}
        try:
            for share in range(1, self.count):
                file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed below
                others[self._fork(share, file)] = (share, file)
            results: list[Any] = [None] * len(self.items)
            results[:: self.count] = self._work(0, each)
            while others:
                for pid in [pid for pid in others if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)]:
                    share, answer = others.pop(pid)
                    results[share :: self.count] = self._result(pid, share, answer)
                self._show(each)
                time.sleep(_LOOK_SECONDS if others else 0)
            return results
        finally:
            for pid, (_, left) in others.items():
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                left.close()
            gc.unfreeze()
            if not was_enabled:
                gc.disable()

    def _work(self, share: int, each: Callable[[], None] | None = None) -> list[Any]:
        results = []
        for item in self.items[share :: self.count]:
            results.append(self.work(item))
            self.board[share] += 1
            if each:
                self._show(each)
        return results

    def _show(self, each: Callable[[], None]) -> None:
        now = sum(self.board)
        for _ in range(now - self._shown):
            each()
        self._shown = now

    def _fork(self, share: int, file: IO[bytes]) -> int:
        pid = os.fork()
        if pid == 0:
            self._be_worker(share, file)
        return pid

    def _be_worker(self, share: int, file: IO[bytes]) -> NoReturn:
        status = 1
        try:
            try:
                answer: tuple[bool, Any] = (True, self._work(share))
            except MilepostError as error:
                answer = (False, str(error))
            except BaseException:
                answer = (False, traceback.format_exc())
            file.write(msgspec.msgpack.encode(answer))
            file.flush()
            status = 0
        finally:
            os._exit(status)  # nothing that was begun before the fork is this process' to end

    def _result(self, pid: int, share: int, file: IO[bytes]) -> list[Any]:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with file:
            file.seek(0)
            text = file.read()
        if status:
            item = self.items[share :: self.count][self.board[share]]
            how = f"by signal {-status}" if status < 0 else f"with status {status}"
            raise Crashed(f"{self.name_of(item)}: the process that was at it ended {how}; build again, or with -j 1")
        is_good, answer = msgspec.msgpack.decode(text)
        if not is_good:
            raise MilepostError(answer)
        found: list[Any] = answer
        return found
