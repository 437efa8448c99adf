"""A site of hand-written pages with the journey script and the theme's policy, whose collector notes what comes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from milepost.journeys.model import Event
from milepost.journeys.wire import batch_of, events_of
from milepost.touchpoints.script import served

POLICY = "default-src 'none'; img-src data:; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
PAGE = """\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{id}</title>
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="touchpoint:id" content="{id}"><meta name="touchpoint:kind" content="{kind}">
<link rel="icon" href="data:,"><script src="/journey.v1.js" defer></script></head>
<body><h1>{id}</h1><p><a id="inside" href="/second">Inside</a> <a id="outside" href="{outside}/other">Outside</a>
<a id="mail" href="mailto:nobody@site.example">Mail</a> <a id="file" href="/files/a%20report.pdf">Report</a></p>
<form name="question" action="/second"><input name="q"><input name="more"><button>Ask</button></form>
<form role="search" action="/second"><input name="s"></form>
<aside data-consent hidden><button data-consent-answer="yes">Yes</button>
<button data-consent-answer="no">No</button></aside>
{lines}</body></html>"""
# A page that prerenders the next one, and goes there when it is let.
LEADING = '<script src="/leading.js" defer></script>'
LEADS = 'fetch("/leave").then(() => location.assign("/second"));'
RULES = json.dumps({"prerender": [{"urls": ["/second"], "eagerness": "immediate"}]})
LINKS = "".join(f'<p><a href="/second?{number}">Link {number}</a></p>' for number in range(1000))
LINES = "".join(f"<p>Line {number}</p>" for number in range(200))
FILES = {
    "/journey.v1.js": (served().encode(), "text/javascript"),
    "/leading.js": (LEADS.encode(), "text/javascript"),
    "/rules.json": (RULES.encode(), "application/speculationrules+json"),
    "/leave": (b"", "text/plain"),
}


def said(event: Event) -> dict[str, Any]:
    """What an event says beside where and when it was."""
    found: dict[str, Any] = json.loads(event.data or "{}")
    return found


@dataclass
class Recorder:
    """What a collector was sent. `status`, `asks` and `seconds` are how it answers from now on."""

    url: str = ""
    status: int = 204
    asks: bool = False
    seconds: float = 0.0
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    gets: list[tuple[str, str]] = field(default_factory=list)
    """Each path that was asked for, and what for: `prefetch;prerender`, or nothing."""
    leave: threading.Event = field(default_factory=threading.Event)
    """Lets the page `/leading` go on to the one that it prerenders."""

    def events(self, type_: str = "") -> list[Event]:
        """Every event that came, as the collector's own decoder reads it."""
        bodies = [body for path, body in self.posts if path.startswith("/journey/v1/events")]
        found = [event for body in bodies for event in events_of(batch_of(body, datetime.now(UTC)))]
        return [event for event in found if type_ in ("", event.type)]

    def wait_for(self, type_: str, number: int = 1, seconds: float = 5) -> list[Event]:
        """The events of a type, once there are so many."""
        deadline = time.monotonic() + seconds
        while len(found := self.events(type_)) < number:
            assert time.monotonic() < deadline, f"{type_}: {len(found)} of {number}; {self.posts}"
            time.sleep(0.01)
        return found


@contextmanager
def recording() -> Iterator[Recorder]:
    """Serve the pages `/first`, `/second`, `/leading`, `/many` and `/lost` (the 404) on a free port."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            recorder.gets.append((self.path, self.headers.get("Sec-Purpose", "")))
            if self.path == "/leave":
                recorder.leave.wait(20)
            if self.path in FILES:
                self._answer(200, *FILES[self.path])
                return
            kind, id_ = ("error", "site/404") if self.path == "/lost" else ("article", f"blog{self.path.split('?')[0]}")
            outside = recorder.url.replace("127.0.0.1", "localhost")
            lines = {"/many": LINKS, "/leading": LEADING}.get(self.path, LINES)
            page = PAGE.format(id=id_, kind=kind, policy=POLICY, outside=outside, lines=lines)
            self._answer(404 if kind == "error" else 200, page.encode(), "text/html")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(recorder.seconds)
            recorder.posts.append((self.path, body))
            self._answer(recorder.status, b"", "text/plain")

        def _answer(self, status: int, body: bytes, type_: str) -> None:
            self.send_response(status)
            if self.path == "/leading":
                self.send_header("Speculation-Rules", '"/rules.json"')
            if recorder.asks:
                self.send_header("Milepost-Consent", "ask")
            self.send_header("Content-Type", type_)
            self.send_header("Content-Length", str(len(body)))
            with suppress(BrokenPipeError, ConnectionResetError):  # the page was left before its answer came
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        recorder.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield recorder
        server.shutdown()
