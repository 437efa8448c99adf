"""`make bench-collector` (SECONDS=5): the collector beside a bare uvicorn app that answers an empty 204.

Both are asked by wrk, one after the other, on the same cores, over 64 connections, with the same requests of three
events. What the collector acknowledged is then archived, and counted.
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
from typing import Any

import httpx
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from serving import free_port
from sites import Site

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
        port = free_port()
        with started([sys.executable, "-c", BARE, str(port)], env, port, "/") as (pid, _):
            bare = load(pid, port, seconds)
        milepost = [sys.executable, "-m", "milepost.cli"]
        settings = ["-s", str(site.settings_file)]
        port = free_port()
        os.chdir(site.root)
        with started([*milepost, "app", *settings, "--port", str(port)], env, port, "/healthz") as (pid, start):
            ours = load(pid, port, seconds)
        subprocess.run([*milepost, "journeys", "archive", *settings], env=env, check=True, capture_output=True)
        found = in_archive(site.root / "var/archive")
    told(bare, ours, found, start)


def told(bare: Load, ours: Load, found: int, start: float) -> None:
    events = 3 * ours.taken
    print(f"bare 204       {bare.rate:8,.0f} requests/s, p99 {bare.p99_ms:.1f} ms")
    print(f"collector      {ours.rate:8,.0f} requests/s of 3 durable events, p99 {ours.p99_ms:.1f} ms")
    print(f"ratio          {ours.rate / bare.rate:8.0%}")
    print(f"refused        {ours.refused:8,}, connection errors {ours.errors}")
    lost = max(0, events - found)
    # wrk leaves while its last requests are under way: they were kept, and nobody read the answer.
    print(f"acknowledged   {events:8,} events, in the archive {found:,}, lost {lost}")
    print(f"CPU            {ours.cpu_seconds / max(events, 1) * 1e6:8.1f} µs an event")
    print(f"memory         {ours.peak_mb:8.0f} MB at most")
    print(f"first answer   {start:8.2f} s after the start")
    sys.exit(lost > 0)


if __name__ == "__main__":
    main(int(os.environ.get("SECONDS", "5")))
