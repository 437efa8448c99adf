"""A folder served as good web servers do, for tests of weight and for the bench of pages."""

from __future__ import annotations

import gzip
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

PACKED = (".html", ".css", ".js", ".json", ".xml", ".svg")


class Compressed(SimpleHTTPRequestHandler):
    """As a good server does: everything that is text comes compressed; a collector that takes every event.

    Connections are kept open, as every server in production does: a phone pays for a new one with a round trip.
    """

    protocol_version = "HTTP/1.1"

    def send_head(self):  # type: ignore[no-untyped-def]
        path = Path(self.translate_path(self.path))
        file = path / "index.html" if path.is_dir() else path
        packed = file.with_name(f"{file.name}.gz")
        if file.suffix in PACKED and file.exists() and not packed.exists():
            packed.write_bytes(gzip.compress(file.read_bytes(), 9))
        if not packed.exists():
            return super().send_head()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(packed.stat().st_size))
        self.end_headers()
        return packed.open("rb")

    def copyfile(self, source, outputfile):  # type: ignore[no-untyped-def]
        # A browser that is closed has seen enough.
        with suppress(ConnectionError):
            super().copyfile(source, outputfile)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
