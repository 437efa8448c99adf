"""What a person may ask for: everything that is kept of them, or that it be forgotten. By command, and by a reader.

The page half of "Privacy choices" is the site's; the answers here are files, since the services render no page.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from milepost.errors import MilepostError
from milepost.journeys import parquet
from milepost.journeys.archive import only_archiver
from milepost.journeys.consent import PERSON
from milepost.journeys.elsewhere import Addresses
from milepost.journeys.erasing import Receipt, erase, waiting_of
from milepost.settings import Environment

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class NoSuchPerson(MilepostError):
    """Nobody is meant by what was given."""

    exit_status = 2


def person_meant(given: str, addresses: Addresses) -> str:
    """The id of a person, given as such or as the address of a subscriber who said yes.

    Raises:
        NoSuchPerson: it is neither.
    """
    if PERSON.fullmatch(given):
        return given
    wanted = given.strip().casefold()
    for address, person in addresses() if "@" in given else ():
        if address.casefold() == wanted:
            return person
    raise NoSuchPerson(
        "no such person; give the 22 characters of their cookie milepost_person, or the address of a subscriber "
        "who agreed to be remembered"
    )


def everything_of(env: Environment, person: str) -> dict[str, Any]:
    """All that inboxes and archive have of `person`, as plain values, in time."""
    events = [*parquet.rows_of(parquet.archive_folder(env), person), *waiting_of(env, person)]
    told = [{name: _plain(value) for name, value in event.items()} for event in events]
    return {"person": person, "events": sorted(told, key=lambda event: (event["at"], event["id"]))}


def forget(env: Environment, person: str) -> Receipt:
    """Erase `person` from inboxes, links and archive, and refuse them from now on."""
    (env.var / "inbox").mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_archiver(env.var / "inbox" / "archiver.lock"):
        return erase(env, person)


def exported(env: Environment, person: str | None) -> Response:
    """The answer to a reader who asks for what is theirs: a file."""
    told = everything_of(env, person) if person else {"person": None, "events": []}
    headers = {**_HEADERS, "Content-Disposition": 'attachment; filename="my-journey.json"'}
    return Response(json.dumps(told, indent=1, ensure_ascii=False) + "\n", 200, headers, "application/json")


def forgotten(env: Environment, person: str | None) -> Response:
    """The answer to a reader who asks to be forgotten: the receipt, as text."""
    text = forget(env, person).text() if person else "Nothing is kept that could be connected to this browser."
    return Response(f"{text}\n", 200, _HEADERS, "text/plain")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b16encode(value).decode().lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
