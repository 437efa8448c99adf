"""One subscriber's copy of an issue, as bytes: the same ones whenever they are made, and signed where there is a key.

Whatever a copy is made of was frozen with the issue. Knows no table and no SMTP.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from milepost.newsletter.audience import EVERYTHING, Wanted
from milepost.newsletter.choices import topics_of
from milepost.newsletter.letter import Letter, letter_of
from milepost.newsletter.mail import Letterhead, compose_issue, envelope_address
from milepost.newsletter.mould import Mould
from milepost.newsletter.relay import wire_bytes
from milepost.newsletter.signing import Signer
from milepost.newsletter.tokens import LIFE, Purpose, Tokens

_OWN = {"id", "address", "person", "touchpoint", "asked_at"}
_OWN |= {"delivery_id", "delivery_state", "message_id", "attempts", "due_at"}
_OWN |= {"topics", "rhythm", "zone", "seen", "wanted_topics", "since"}
"""Columns that are one reader's own, or say nothing to them: what they chose shows in the posts that they get."""
_MOST_MOULDS = 200
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
        self._issue, self._letter, self._head = issue, letter_of(issue), Letterhead(**json.loads(issue.letterhead))
        self._tokens, self._secret, self._signer = tokens, secret, signer
        self._bounces = bounces or self._head.sender
        self._mark = "m" + hmac.digest(secret, f"mark\0{issue.id}".encode(), "sha256").hex()[:24]
        self._links = [(purpose, mark.encode()) for purpose, mark in _Marks(self._mark).by_purpose()]
        self._moulds: dict[Hashable, Mould | None] = {}

    def of(self, delivery_id: int, message_id: str, subscriber: Any, wanted: Wanted = EVERYTHING) -> Copy:
        """The copy of one subscriber, with what they had chosen when the issue was frozen."""
        recipient = envelope_address(subscriber.address)
        letter = self._letter.theirs(topics_of(wanted.topics), wanted.since)
        content = self._content(letter, message_id, subscriber, recipient)
        if self._signer:
            content = self._signer.signed(content, self._issue.frozen_at)
        envelope_id = _envelope_id(delivery_id, self._secret)
        return Copy(content, _return_address(self._bounces, envelope_id), recipient, envelope_id)

    def _content(self, letter: Letter, message_id: str, subscriber: Any, recipient: str) -> bytes:
        kind = _kind_of(letter, subscriber, recipient)
        if kind not in self._moulds:
            composed = self._composed(letter, message_id, subscriber, self._tokens)
            if len(self._moulds) >= _MOST_MOULDS:
                self._moulds.clear()
            made = self._mould(letter, subscriber, recipient)
            # Whatever a mail may become, a mould that does not make the very same bytes is not used.
            fits = made is not None and self._filled(made, message_id, subscriber, recipient) == composed
            self._moulds[kind] = made if fits else None
            return composed
        mould = self._moulds[kind]
        if mould is None:
            return self._composed(letter, message_id, subscriber, self._tokens)
        return self._filled(mould, message_id, subscriber, recipient)

    def _composed(self, letter: Letter, message_id: str, subscriber: Any, tokens: Tokens) -> bytes:
        message = compose_issue(letter, subscriber, self._head, tokens, message_id, self._issue.frozen_at)
        # Left to itself, the library would make one of random numbers.
        message.set_boundary(f"={sha256(self._mark.encode()).hexdigest()[:32]}_")
        return wire_bytes(message, envelope_address(subscriber.address))

    def _mould(self, letter: Letter, subscriber: Any, recipient: str) -> Mould | None:
        marked = SimpleNamespace(**{**subscriber._mapping, "address": self._marked_address(recipient)})
        content = self._composed(letter, f"<{self._mark}message>", marked, _Marks(self._mark))
        # An address within the text would need more than to be filled in.
        if f"{self._mark}address".encode() in content.partition(b"\r\n\r\n")[2].replace(b"=\r\n", b""):
            return None
        used = [mark.encode() for mark in _Marks(self._mark).all() if mark.encode() in content.replace(b"=\r\n", b"")]
        head = [self._marked_address(recipient).encode(), f"<{self._mark}message>".encode()]
        return Mould(content, head, used)

    def _marked_address(self, recipient: str) -> str:
        # A word beyond ASCII stays one: it decides how the mail is written.
        return f"{self._mark}address{'' if recipient.isascii() else 'ü'}@mark.invalid"

    def _filled(self, mould: Mould, message_id: str, subscriber: Any, recipient: str) -> bytes:
        values = {
            mark: self._tokens.make(purpose, subscriber.id).encode()
            for purpose, mark in self._links
            if mark in mould.marks
        }
        values[self._marked_address(recipient).encode()] = recipient.encode()
        values[f"<{self._mark}message>".encode()] = message_id.encode()
        return mould.filled(values)


class _Marks(Tokens):
    """Marks in place of tokens."""

    def __init__(self, mark: str) -> None:
        super().__init__(b"")
        self._mark = mark

    def make(self, purpose: Purpose, subscriber_id: int) -> str:
        return f"{self._mark}{purpose.replace('-', '')}"

    def by_purpose(self) -> Iterator[tuple[Purpose, str]]:
        yield from ((purpose, self.make(purpose, 0)) for purpose in LIFE if LIFE[purpose] is None)

    def all(self) -> list[str]:
        return [mark for _, mark in self.by_purpose()]


def _kind_of(letter: Letter, subscriber: Any, recipient: str) -> Hashable:
    """What readers have in common whose copies differ in address and links alone: the posts, and all other columns,
    days for times."""
    others = (
        value.date() if isinstance(value, datetime) else value
        for name, value in subscriber._mapping.items()
        if name not in _OWN
    )
    return (recipient.isascii(), tuple(post.number for post in letter.posts), *others)


def return_address(bounces: str, delivery_id: int, secret: bytes) -> str:
    """Where one mail comes back to (VERP): nobody else's bounce, since it is signed."""
    return _return_address(bounces, _envelope_id(delivery_id, secret))


def _return_address(bounces: str, envelope_id: str) -> str:
    local, _, host = bounces.rpartition("@")
    return f"{local}+{envelope_id}@{host}"


def delivery_of(text: str, secret: bytes) -> int | None:
    """The row that a return address or an ENVID names; None when it is none of ours, or forged."""
    found = _RETURN.search(text.casefold() if "@" in text else f"+{text.strip().casefold()}@")
    if not found or not hmac.compare_digest(_envelope_id(int(found[1]), secret), f"{found[1]}-{found[2]}"):
        return None
    return int(found[1])


def _envelope_id(delivery_id: int, secret: bytes) -> str:
    digest = hmac.digest(secret, b"return\0" + str(delivery_id).encode(), "sha256").hex()
    return f"{delivery_id}-{digest[:16]}"
