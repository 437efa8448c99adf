"""Whether there was something to be said: what Pelican warns of, it is to warn of in every build."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Heard:
    """Counts warnings and errors as they are logged, for as long as this process lives."""

    def __init__(self) -> None:
        self.count = 0
        # Not a handler: where there is none at all, Python prints what is logged.
        usual = logging.getLogRecordFactory()

        def counting(name: str, level: int, *args: Any, **more: Any) -> logging.LogRecord:
            self.count += level >= logging.WARNING
            return usual(name, level, *args, **more)

        logging.setLogRecordFactory(counting)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While the block runs, let nobody else hear."""
        root = logging.getLogger()
        others, root.handlers = root.handlers, [logging.NullHandler()]
        try:
            yield
        finally:
            root.handlers = others
