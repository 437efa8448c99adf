"""What happens elsewhere: purchases, calls, demo licences, forum posts and tickets, checked and joined to a person.

An event told by another system is checked like one of a browser, but may be of any age, and says whose it is.
Knows no file and no HTTP.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from milepost.errors import MilepostError
from milepost.journeys import shapes, wire
from milepost.journeys.consent import PERSON
from milepost.journeys.forgotten import keyed
from milepost.journeys.links import Links
from milepost.journeys.model import Event, Told
from milepost.settings import Environment

TIERS = ("counted", "consented", "known")
WHO = ("person", "order", "address")
"""What may say whose an event is: a consented id, the token of an order, the address of a newsletter's subscriber."""

Addresses = Callable[[], Iterable[tuple[str, str]]]
"""Gives (address, person) of everybody who subscribed after a yes."""


@dataclass(frozen=True)
class Bad:
    """A row that was not taken: its number from 1 in what was sent, the field or column, and what is wrong."""

    row: int
    field: str | None
    message: str


@dataclass
class Outcome:
    """What became of what was told."""

    taken: int = 0
    joined: int = 0
    """Of those taken, how many belong to a person."""
    bad: list[Bad] = field(default_factory=list)


class People:
    """Finds the person that an event names, by any of WHO. Of addresses it holds keyed hashes alone."""

    def __init__(self, env: Environment, addresses: Addresses | None = None) -> None:
        self._links, self._secret, self._addresses = Links(env), env.secret, addresses
        self._known: dict[bytes, str] | None = None

    def of(self, order: str | None, address: str | None) -> str | None:
        """The person, or None where neither names one that is known."""
        if order and (person := self._links.person_of(order)):
            return person
        return self._subscribed().get(self._key(address)) if address else None

    def _subscribed(self) -> dict[bytes, str]:
        if self._known is None:
            told = self._addresses() if self._addresses else ()
            self._known = {self._key(address): person for address, person in told}
        return self._known

    def _key(self, address: str) -> bytes:
        return keyed(self._secret(), "address", address.strip().casefold())


class ElsewhereFault(MilepostError):
    """One event that is not taken: `field` and what is wrong with it."""

    def __init__(self, field: str | None, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{field}: {message}" if field else message)


def id_of(secret: bytes, kind: str, their_id: str) -> str:
    """An id of the wire for one of another system: equal whenever that one is told again, and telling nothing of it."""
    number = int.from_bytes(keyed(secret, "id", kind, their_id))
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=number))


def told(value: object, people: People) -> Told:
    """One event of the wire v1 with `tier` and one of WHO, as an inbox keeps it.

    Raises:
        ElsewhereFault: names the field that is wrong.
    """
    if not isinstance(value, Mapping):
        raise ElsewhereFault(None, "must be an event: an object")
    said = dict(value)
    tier, who = said.pop("tier", None), {name: _text(said.pop(name, None), name) for name in WHO}
    person = who["person"]
    if person and not PERSON.fullmatch(person):
        raise ElsewhereFault("person", "must be 22 characters that a yes has given")
    person = person or people.of(who["order"], who["address"])
    if tier is None:
        tier = "known" if person else "counted"
    if tier not in TIERS:
        raise ElsewhereFault("tier", f"must be one of {', '.join(TIERS)}")
    if tier == "counted" and who["person"]:
        raise ElsewhereFault("person", "is not for counted; say known")
    if tier != "counted" and not person:
        raise ElsewhereFault("person", "is missing")
    return Told(_event(said), tier, person=person if tier != "counted" else None)


def _event(said: dict[str, Any]) -> Event:
    try:
        sent = msgspec.convert(said, shapes.Told, strict=True)
    except msgspec.ValidationError as error:
        fault = wire.fault_of(str(error).replace("`$", "`$[0]") if "`$" in str(error) else f"{error} - at `$[0]`")
        raise ElsewhereFault(fault.field, fault.message) from None
    try:
        return wire.event_of(sent, _any_time(sent.at))
    except wire.WireFault as fault:
        raise ElsewhereFault(fault.field, fault.message) from None


def _any_time(at: str) -> datetime:
    try:
        return datetime.fromisoformat(at)
    except ValueError:
        raise ElsewhereFault("at", "there is no such time") from None


def _text(value: object, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ElsewhereFault(name, "must be text")
    return value or None
