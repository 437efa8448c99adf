"""One subscriber's copy of an issue, as bytes: the same ones whenever they are made, and signed where there is a key.

Whatever a copy is made of was frozen with the issue. Knows no table and no SMTP.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from milepost.newsletter.issue import items_of
from milepost.newsletter.mail import Letterhead, compose_issue, envelope_address
from milepost.newsletter.relay import wire_bytes
from milepost.newsletter.signing import Signer
from milepost.newsletter.tokens import Tokens

_RETURN = re.compile(r"\+(\d{1,18})-([0-9a-f]{16})@")


@dataclass(frozen=True)
class Copy:
    """What is handed over: bytes, and both addresses as SMTP knows them."""

    content: bytes
    sender: str
    recipient: str
    envelope_id: str
    """ENVID (RFC 3461): comes back in a bounce."""


class Copies:
    """Makes the copies of one frozen issue.

    Args:
        issue: its row.
        bounces: the address that mails come back to.
    """

    def __init__(self, issue: Any, bounces: str, tokens: Tokens, secret: bytes, signer: Signer | None) -> None:
        self._issue, self._items, self._head = (
            issue,
            items_of(issue.content),
            Letterhead(**json.loads(issue.letterhead)),
        )
        self._tokens, self._secret, self._signer = tokens, secret, signer
        self._bounces = bounces or self._head.sender

    def of(self, delivery_id: int, message_id: str, subscriber: Any) -> Copy:
        """The copy of one subscriber."""
        issue = self._issue
        message = compose_issue(
            issue.subject, self._items, subscriber, self._head, self._tokens, message_id, issue.frozen_at
        )
        # Left to itself, the library would make one of random numbers.
        message.set_boundary(f"={sha256(message_id.encode()).hexdigest()[:32]}=")
        recipient = envelope_address(subscriber.address)
        content = wire_bytes(message, recipient)
        if self._signer:
            content = self._signer.signed(content, issue.frozen_at)
        return Copy(
            content,
            return_address(self._bounces, delivery_id, self._secret),
            recipient,
            _envelope_id(delivery_id, self._secret),
        )


def return_address(bounces: str, delivery_id: int, secret: bytes) -> str:
    """Where one mail comes back to (VERP): nobody else's bounce, since it is signed."""
    local, _, host = bounces.rpartition("@")
    return f"{local}+{_envelope_id(delivery_id, secret)}@{host}"


def delivery_of(text: str, secret: bytes) -> int | None:
    """The row that a return address or an ENVID names; None when it is none of ours, or forged."""
    found = _RETURN.search(text.casefold() if "@" in text else f"+{text.strip().casefold()}@")
    if not found or not hmac.compare_digest(_envelope_id(int(found[1]), secret), f"{found[1]}-{found[2]}"):
        return None
    return int(found[1])


def _envelope_id(delivery_id: int, secret: bytes) -> str:
    digest = hmac.digest(secret, b"return\0" + str(delivery_id).encode(), "sha256").hex()
    return f"{delivery_id}-{digest[:16]}"
