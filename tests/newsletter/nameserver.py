"""A name server on loopback that speaks DNS over UDP, and knows what a test tells it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone = Mapping[tuple[str, str], list[str]]
"""("example.org", "TXT") to the texts of its records, as a zone file has them."""


@contextmanager
def naming(zone: Zone) -> Iterator[str]:
    """HOST:PORT of a server that answers from `zone`, and with NXDOMAIN for any other name."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    known = {name for name, _ in zone}

    def serve() -> None:
        while True:
            content, whom = server.recvfrom(4096)
            if not content:
                return
            query = dns.message.from_wire(content)
            response = dns.message.make_response(query)
            response.flags |= dns.flags.AA
            [asked] = query.question
            name, kind = asked.name.to_text().rstrip(".").lower(), asked.rdtype.name
            if name not in known:
                response.set_rcode(dns.rcode.NXDOMAIN)
            elif (name, kind) in zone:
                response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *zone[name, kind]))
            server.sendto(response.to_wire(), whom)

    thread = threading.Thread(target=serve)
    thread.start()
    host, port = server.getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (host, port))
        thread.join()
        server.close()
