"""How fast mails go: so many a minute to the relay, and so many to a domain. Knows no mail and no table.

A limit is a queue of slots of equal distance, so that a minute's mails are not sent in its first second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta


class Pace:
    """The slots of one sender.

    Args:
        a_minute: mails to the relay; 0: no limit.
        domains: the same for domains, in lower case.
    """

    def __init__(
        self,
        a_minute: int,
        domains: Mapping[str, int],
        timer: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gap_seconds = 60 / a_minute if a_minute else 0.0
        self._domains = {name.casefold(): timedelta(minutes=1) / most for name, most in domains.items() if most > 0}
        self._timer, self._sleep = timer, sleep
        self._next = 0.0
        self._next_of: dict[str, datetime] = {}

    async def turn(self) -> None:
        """Wait for the relay's next slot."""
        if not self._gap_seconds:
            return
        slot = max(self._timer(), self._next)
        self._next = slot + self._gap_seconds
        while (left := slot - self._timer()) > 0:
            await self._sleep(left)

    def slot_of(self, address: str, now: datetime) -> datetime | None:
        """The next slot of an address's domain, which is now taken; None where there is no limit."""
        domain = address.rpartition("@")[2].casefold()
        if domain not in self._domains:
            return None
        slot = max(now, self._next_of.get(domain, now))
        self._next_of[domain] = slot + self._domains[domain]
        return slot
