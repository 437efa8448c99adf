"""`make bench-collector` (SECONDS=3): the collector beside a bare uvicorn app that answers an empty 204.

Both are asked by wrk, in turn, ROUNDS times, on the same cores, over 64 connections, with the same requests of three
events. What the collector acknowledged is then archived, and counted. The ratio is the median of the rounds'.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from serving import free_port
from sites import Site

ROUNDS = 5
CONNECTIONS = 64
THREADS = 2
TICKS = os.sysconf("SC_CLK_TCK")

BARE = """
import sys, uvicorn

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

uvicorn.run(app, port=int(sys.argv[1]), lifespan="off", access_log=False, log_level="warning", proxy_headers=False)
"""


@dataclass
class Load:
    """What wrk and the kernel said of one run."""

    taken: int
    refused: int
    errors: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    peak_mb: float

    @property
    def rate(self) -> float:
        return self.taken / self.seconds

    @property
    def cpu_a_request(self) -> float:
        """Microseconds, of all threads."""
        return self.cpu_seconds / max(self.taken, 1) * 1e6


@contextmanager
def started(command: list[str], env: dict[str, str], port: int, path: str) -> Iterator[tuple[int, float]]:
    """(pid, seconds until it answered) of a process that is ended afterwards."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env)
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2, verify=False)
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    sys.exit(f"{command[0]} ended with {process.returncode}")
                time.sleep(0.005)
        yield process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(20)


def load(pid: int, port: int, seconds: int) -> Load:
    script = Path(__file__).with_name("events.lua")
    before = cpu_seconds(pid)
    done = subprocess.run(
        ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script),
         f"http://127.0.0.1:{port}", "--", str(secrets.randbelow(65_536))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Load(**said, cpu_seconds=cpu_seconds(pid) - before, peak_mb=peak_mb(pid))


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def in_archive(folder: Path) -> int:
    """How many ids there are in the archive, each counted once."""
    files = list(folder.glob("month=*/*.parquet"))
    ids = [pq.ParquetFile(file).read(columns=["id"])["id"] for file in files]
    return sum(pc.count_distinct(column).as_py() for column in ids)


def main(seconds: int) -> None:
    if not shutil.which("wrk"):
        sys.exit("wrk is missing; `make peers` installs it")
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        manifest = '{"version": 1, "touchpoints": [{"id": "blog/first"}]}'
        site.write({"output/touchpoints.json": manifest, "content/articles/none.txt": ""})
        env = {**os.environ, "MILEPOST_VAR": str(site.root / "var"), "MILEPOST_LIMITS": "off"}
        milepost = [sys.executable, "-m", "milepost.cli"]
        settings = ["-s", str(site.settings_file)]
        os.chdir(site.root)
        ports = free_port(), free_port()
        with (
            started([sys.executable, "-c", BARE, str(ports[0])], env, ports[0], "/") as (bare, bare_start),
            started([*milepost, "app", *settings, "--port", str(ports[1])], env, ports[1], "/healthz") as (own, start),
        ):
            rounds = [(load(bare, ports[0], seconds), load(own, ports[1], seconds)) for _ in range(ROUNDS)]
        subprocess.run([*milepost, "journeys", "archive", *settings], env=env, check=True, capture_output=True)
        found = in_archive(site.root / "var/archive")
    told(rounds, found)
    print(f"first answer   {start:8.2f} s after the start; the bare app's {bare_start:.2f} s")


def told(rounds: list[tuple[Load, Load]], found: int) -> None:
    for bare, ours in rounds:
        print(
            f"bare 204       {bare.rate:8,.0f} requests/s, p99 {bare.p99_ms:5.1f} ms, {bare.cpu_a_request:4.0f} µs each"
        )
        print(
            f"collector      {ours.rate:8,.0f} requests/s, p99 {ours.p99_ms:5.1f} ms, {ours.cpu_a_request:4.0f} µs each"
        )
    both = [ours for _, ours in rounds]
    events = 3 * sum(ours.taken for ours in both)
    ratio = median(ours.rate / bare.rate for bare, ours in rounds)
    print(f"ratio          {ratio:8.0%} of the requests, each with 3 durable events")
    print(f"p99            {median(ours.p99_ms for ours in both):8.1f} ms at {CONNECTIONS} connections")
    print(
        f"refused        {sum(ours.refused for ours in both):8,}, connection errors {sum(ours.errors for ours in both)}"
    )
    lost = max(0, events - found)
    # wrk leaves while its last requests are under way: they were kept, and nobody read the answer.
    print(f"acknowledged   {events:8,} events, in the archive {found:,}, lost {lost}")
    print(f"CPU            {sum(ours.cpu_seconds for ours in both) / max(events, 1) * 1e6:8.1f} µs an event")
    print(f"memory         {max(ours.peak_mb for ours in both):8.0f} MB at most")
    if lost:
        sys.exit(1)


if __name__ == "__main__":
    main(int(os.environ.get("SECONDS", "3")))
