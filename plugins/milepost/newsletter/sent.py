"""Which mails readers may come from: what the newsletter hands over, since a mail is met before the site lists it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from milepost import db
from milepost.arrivals import touchpoint_of
from milepost.errors import MilepostError
from milepost.newsletter import store
from milepost.newsletter.tables import issue
from milepost.settings import Environment

log = logging.getLogger(__name__)


def touchpoints_in(env: Environment) -> Callable[[], frozenset[str]]:
    """A function that tells the touchpoint of every issue that is, or was, being sent; none while it cannot be told."""
    opened = cache(store.open_store)
    begun = select(issue.c.id).where(issue.c.frozen_at.is_not(None))

    def touchpoints() -> frozenset[str]:
        try:
            with db.reading(opened(env)) as connection:
                return frozenset(map(touchpoint_of, connection.execute(begun).scalars()))
        except (MilepostError, SQLAlchemyError, ValueError) as error:
            log.error("which issues were sent cannot be told: %s", type(error).__name__)
            return frozenset()

    return touchpoints
