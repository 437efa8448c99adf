"""`make bench-build` (N=1000): one blog, built in turn by Milepost, stock Pelican, Hugo and Eleventy.

Cold, again with nothing changed, again after one edit; then one edit while each tool watches, from the saved file to
the page on disk. The numbers of files are printed, since no two tools make quite the same. Search, cards and pictures
are in none. Medians of RUNS builds and EDITS edits; each ratio is to Milepost's. WATCH=0 leaves the watching out.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from blogs import Tool, tools

RUNS = int(os.environ.get("RUNS", "3"))
EDITS = int(os.environ.get("EDITS", "5"))
SETTLED_SECONDS = 3.0
BUILDS = ("cold", "again", "one edit")


class Memory:
    """The most memory that a process and those below it take, in MB, shared pages once."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self.most = process, 0.0
        self.looking = threading.Thread(target=self._look, daemon=True)
        self.looking.start()

    def _look(self) -> None:
        while self.process.poll() is None:
            self.most = max(self.most, sum(_proportional(pid) for pid in _family(self.process.pid)) / 1024)
            time.sleep(0.1)


def _family(pid: int) -> list[int]:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in below for one in _family(int(child)))]


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def built(found: list[Tool]) -> dict[str, dict[str, float]]:
    """By tool, the median seconds of each way to build, in turn, so that what else the machine does is everybody's."""
    times: dict[str, dict[str, list[float]]] = {tool.name: {what: [] for what in BUILDS} for tool in found}
    for _ in range(RUNS):
        for tool in found:
            for what, run in zip(BUILDS, (tool.cold, tool.build, tool.edited), strict=True):
                times[tool.name][what].append(run())
    return {name: {what: statistics.median(one) for what, one in each.items()} for name, each in times.items()}


def memory(tool: Tool) -> float:
    """MB of a cold build."""
    tool.clear()
    process = subprocess.Popen(
        tool.command, cwd=tool.root, env=tool.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    seen = Memory(process)
    process.wait()
    seen.looking.join()
    return seen.most


def watched(tool: Tool, count: int, cold: float) -> float:
    """Median seconds from a saved edit to its page on disk while `tool` watches."""
    patience = 60 + 5 * cold
    tool.clear()  # so that it can be seen when the first build is done
    process = subprocess.Popen(
        tool.watch, cwd=tool.root, env=tool.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _until_settled(tool, count, patience)
        # What takes as long as a whole build is not measured five times.
        edits = EDITS if cold < 10 or tool.name != "Pelican" else 1
        times = []
        for number in range(edits):
            times.append(tool.seconds_to_show(number * 7 + 3, patience))
            time.sleep(min(SETTLED_SECONDS + times[-1], 20))
        return statistics.median(times)
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # what it has started as well
        process.wait()


def _until_settled(tool: Tool, count: int, patience: float) -> None:
    """Wait until the first build is there and nothing has been written for a while."""
    began, pages = time.monotonic(), 0
    last = began
    while time.monotonic() - last < SETTLED_SECONDS or pages < count:
        if time.monotonic() - began > patience:
            raise TimeoutError(f"{tool.name}: {pages} pages after {patience:.0f} s")
        time.sleep(0.5)
        now = sum(1 for _ in tool.watched.rglob("*.html"))
        if now != pages:
            pages, last = now, time.monotonic()


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = tools(Path(folder))
        for tool in found:
            tool.write(tool.posts, count)
        times = built(found)
        for tool in found if os.environ.get("WATCH", "1") != "0" else ():
            times[tool.name]["watched"] = watched(tool, count, times[tool.name]["cold"])
        print(f"{count} posts; seconds, medians of {RUNS} builds and {EDITS} edits, and how many times Milepost's")
        columns = list(times[found[0].name])
        print(f"{'':<9}" + "".join(f"{what:>18}" for what in columns) + f"{'MB':>7}{'pages':>7}{'feeds':>6}")
        for tool in found:
            cells = [
                f"{times[tool.name][what]:>9.3f}{times[tool.name][what] / times[found[0].name][what]:>8.2f}x"
                for what in columns
            ]
            most = memory(tool)
            files = [sum(1 for _ in tool.output.rglob(end)) for end in ("*.html", "*.xml")]
            print(f"{tool.name:<9}{''.join(cells)}{most:>7.0f}{files[0]:>7}{files[1]:>6}")


if __name__ == "__main__":
    main(int(os.environ.get("N", "1000")))
