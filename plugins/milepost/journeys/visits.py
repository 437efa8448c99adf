"""Visits without a cookie: one key per reader and day, of which nothing is left when the day's salt is gone.

The key is BLAKE2b, keyed with today's salt, over site, truncated address and agent. The salt is 32 random
bytes in a file of the state folder, named by its day (UTC) and destroyed when that day is over; without it
no key can be recomputed, so that nothing links two days. Neither address nor agent is kept anywhere.
"""

from __future__ import annotations

import os
import secrets
from datetime import date
from hashlib import blake2b
from pathlib import Path

from milepost.networks import network

_SALT_BYTES = 32


class Salts:
    """The salts of one state folder, shared by every process that collects into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._today: tuple[date, bytes] | None = None

    def of(self, day: date) -> bytes:
        """The salt of `day`, made at first use; the salts of all other days are destroyed."""
        if self._today is None or self._today[0] != day:
            self.destroy_all_but(day)
            self._today = (day, self._shared(self.folder / day.isoformat()))
        return self._today[1]

    def destroy_all_but(self, day: date) -> None:
        """Forget the salts of every other day, in memory and on disk."""
        if self._today and self._today[0] != day:
            self._today = None
        for path in self.folder.glob("*"):
            if path.name.partition(".")[0] != day.isoformat():
                # Written over first: on most disks that leaves less behind than unlinking alone.
                path.write_bytes(bytes(_SALT_BYTES))
                path.unlink(missing_ok=True)

    def _shared(self, path: Path) -> bytes:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mine = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SALT_BYTES))
        try:
            # Linked into place, so that processes that start together agree on one whole salt.
            os.link(mine, path)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
        return path.read_bytes()


def visit_key(salt: bytes, site: str, address: str, agent: str, person: str = "") -> bytes:
    """16 bytes that are equal for one reader's requests within the life of `salt`.

    Args:
        person: of a reader who consented. It makes the key another one, so that what was collected without
            consent, or of somebody else behind the same address, is not linked to the person by its key.
    """
    parts = "\0".join((site, network(address), agent.replace("\0", ""), person))
    return blake2b(parts.encode("utf-8", "surrogatepass"), key=salt, digest_size=16).digest()
