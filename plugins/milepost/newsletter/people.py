"""Whom the newsletter writes to and the journeys may know: what it hands over to join what happens elsewhere."""

from __future__ import annotations

from milepost import db
from milepost.newsletter import store
from milepost.settings import Environment


def remembered(env: Environment) -> list[tuple[str, str]]:
    """(address, person) of every active subscriber who had agreed to be remembered when they subscribed."""
    engine = store.open_store(env)
    with db.reading(engine) as connection:
        rows = store.all_subscribers(connection)
    return [(row.address, row.person) for row in rows if row.state == "active" and row.person]
