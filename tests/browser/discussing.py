"""A built site over HTTP that notes its journey events, and a stand-in for the hosts that Disqus' embed comes from."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

FORUM = "milepost-example"
# What the real one does, as far as a page can tell: it reads the configuration and puts a frame of its own there.
EMBED = """
const read = (config) => { const told = { page: {} }; config.call(told); return told.page; };
const show = (config, scheme) => {
  const frame = document.createElement("iframe");
  frame.src = "https://disqus.com/embed/comments/?" + new URLSearchParams({ ...read(config), scheme });
  document.querySelector("#disqus_thread").replaceChildren(frame);
};
const scheme = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
window.DISQUS = { reset: ({ config }) => show(config, scheme()) };
show(disqus_config, scheme());
"""


@dataclass
class Seen:
    """What a server was asked for: addresses with host, and bodies."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    def events(self, type_: str) -> list[dict[str, Any]]:
        return [event for body in list(self.bodies) for event in body if event["type"] == type_]


@contextmanager
def _running(handler: Any, chain: Path | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if chain:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def published(folder: Path) -> Iterator[Seen]:
    """Serve `folder`, which may be filled later, and answer as the collector does."""
    seen = Seen()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.asked.append(self.path)
            super().do_GET()

        def do_POST(self) -> None:
            seen.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with _running(partial(Handler, directory=str(folder))) as port:
        seen.url = f"http://127.0.0.1:{port}"
        yield seen


@contextmanager
def disqus(folder: Path) -> Iterator[Seen]:
    """The hosts of Disqus on one port of loopback, over TLS; `url` is `127.0.0.1:port`, for Chromium to map them to."""
    seen = Seen()
    chain = folder / "embed.pem"
    names = (f"{FORUM}.disqus.com", "disqus.com")
    trustme.CA().issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(chain))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.asked.append(f"https://{self.headers['Host']}{self.path}")
            script = self.path.startswith("/embed.js")
            body = EMBED if script else "<!doctype html><title>Disqus</title><p>Disqus is here.</p>"
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with _running(Handler, chain) as port:
        seen.url = f"127.0.0.1:{port}"
        yield seen
