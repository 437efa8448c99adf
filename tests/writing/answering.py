"""Real servers on port 0 that answer as they are told, and remember what they were asked."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer. `seconds`: how long it takes."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0


@dataclass
class Asked:
    """What a group of servers was asked, and how much of it at one time."""

    questions: list[tuple[str, str, float]] = field(default_factory=list)
    """(method, path, monotonic seconds), in order."""
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def lines(self) -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.questions]


@dataclass
class Server:
    """`replies`: by "METHOD /path", "/path" or "*", what to say each time it is asked; the last one ever after."""

    url: str
    asked: Asked
    replies: dict[str, Sequence[Reply]]


@contextmanager
def server(
    replies: dict[str, Sequence[Reply]] | None = None,
    *,
    asked: Asked | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> Iterator[Server]:
    """A server of its own thread; what it has no reply for is answered with 200."""
    told = Server("", asked or Asked(), {} if replies is None else replies)
    times: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            with told.asked.lock:
                told.asked.questions.append((self.command, self.path, time.monotonic()))
                told.asked.at_once += 1
                told.asked.most_at_once = max(told.asked.most_at_once, told.asked.at_once)
                keys = (f"{self.command} {self.path}", self.path, "*")
                key = next((key for key in keys if key in told.replies), "")
                several = told.replies.get(key, [Reply()])
                reply = several[min(times.get(key, 0), len(several) - 1)]
                times[key] = times.get(key, 0) + 1
            time.sleep(reply.seconds)
            with told.asked.lock:
                told.asked.at_once -= 1
            try:
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_HEAD = answer  # noqa: N815  http.server's names

        def log_message(self, *arguments: Any) -> None:
            pass

    listener = ThreadingHTTPServer((host, 0), Handler)
    if tls:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True)
    told.url = f"{'https' if tls else 'http'}://{'localhost' if tls else host}:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        listener.shutdown()
        listener.server_close()
