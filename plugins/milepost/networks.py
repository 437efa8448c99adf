"""The network that an address belongs to: as much of it as a limit, or a visit's key, may know. Knows no HTTP."""

from __future__ import annotations

import ipaddress
import socket


def network(address: str) -> str:
    """`address` truncated to its /24 (IPv4) or /48 (IPv6); empty when it is none, as with a Unix socket."""
    try:
        # One call of C for what nearly all are: `ipaddress` takes as long as all else that a request is asked.
        first, second, third, _ = socket.inet_pton(socket.AF_INET, address)
        return f"{first}.{second}.{third}.0/24"
    except (OSError, ValueError):
        return _other_network(address)


def _other_network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))
