"""What every command of the newsletter begins with: the store, opened, and the two formats of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from milepost.settings import Settings


class Format(StrEnum):
    """For people or for programs."""

    TEXT = "text"
    JSON = "json"


Formatted = Annotated[Format, typer.Option("--format", help="For people or for programs.")]


@contextmanager
def open_store(settings: Settings) -> Iterator[Engine]:
    """The newsletter's database; a fault of it is one line, which names no address (what a driver says may)."""
    from sqlalchemy.exc import SQLAlchemyError

    from milepost.db import DatabaseError
    from milepost.newsletter import store

    engine = store.open_store(settings.env)
    try:
        yield engine
    except SQLAlchemyError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise DatabaseError(f"{where}: {type(error).__name__}; see MILEPOST_DATABASE_URL") from error
    finally:
        engine.dispose()
