"""The map of a CSV: which column is which field of an event, and how its times and numbers are written."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from milepost.errors import MilepostError
from milepost.journeys.elsewhere import ElsewhereFault, id_of

FIELDS = ("id", "type", "at", "touchpoint", "goal", "value", "currency", "name", "person", "order", "address")
NEEDED = ("id", "type", "at", "touchpoint")
_DATA = ("goal", "value", "currency", "name")
_KEYS = {"columns": FIELDS, "always": FIELDS, "read": ("at", "timezone", "decimal", "delimiter")}


class Misuse(MilepostError):
    """The file or its map is none that can be imported."""

    exit_status = 2


class Map:
    """What a map says of a CSV: `[columns]` by field, `[always]` for what is the same in each row, `[read]` how."""

    def __init__(self, path: Path) -> None:
        try:
            said = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Misuse(f"{path}: {error}") from error
        for part, values in said.items():
            allowed = _KEYS.get(part)
            unknown = sorted(set(values) - set(allowed)) if allowed and isinstance(values, dict) else [part]
            if unknown:
                raise Misuse(f"{path}: unknown {unknown[0]!r}; there are {', '.join(allowed or _KEYS)}")
        self.columns: dict[str, str] = said.get("columns", {})
        self.always: dict[str, Any] = said.get("always", {})
        self.read: dict[str, str] = said.get("read", {})
        missing = [name for name in NEEDED if name not in {**self.columns, **self.always}]
        if missing:
            raise Misuse(f"{path}: says nothing of {', '.join(missing)}; name a column, or say what it always is")
        try:
            self.zone = ZoneInfo(self.read.get("timezone", "UTC"))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Misuse(f"{path}: no such timezone; say one such as Europe/Berlin") from error

    def event(self, secret: bytes, row: dict[str, str]) -> dict[str, Any]:
        """The event of the wire that a row tells.

        Raises:
            ElsewhereFault: names the column that is wrong.
        """
        said: dict[str, Any] = dict(self.always)
        said.update({name: row[column].strip() for name, column in self.columns.items() if row[column].strip()})
        for name in NEEDED:
            if not said.get(name):
                raise ElsewhereFault(self.columns.get(name, name), "is empty")
        said["id"] = id_of(secret, said["type"], said["id"])
        said["at"] = self._time(str(said["at"]))
        if "value" in said:
            said["value"] = self._number(str(said["value"]))
        data = {name: said.pop(name) for name in _DATA if name in said}
        if said["type"] in ("order", "convert"):
            data.setdefault("goal", said["type"])
        return {**said, "data": data}

    def column_of(self, field_name: str | None) -> str | None:
        """The column that a field of the wire came from."""
        plain = (field_name or "").removeprefix("data.")
        return self.columns.get(plain, plain or None)

    def _time(self, text: str) -> str:
        try:
            given = datetime.strptime(text, self.read["at"]) if "at" in self.read else datetime.fromisoformat(text)
        except ValueError:
            expected = f"like {self.read['at']}" if "at" in self.read else "RFC 3339 such as 2026-01-05T09:00:00Z"
            raise ElsewhereFault(self.columns.get("at"), f"{text!r} is no time {expected}") from None
        moment = (given if given.tzinfo else given.replace(tzinfo=self.zone)).astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"

    def _number(self, text: str) -> float:
        decimal = self.read.get("decimal", ".")
        plain = text.replace("," if decimal == "." else ".", "").replace(decimal, ".")
        try:
            return float(plain)
        except ValueError:
            raise ElsewhereFault(self.columns.get("value"), f"{text!r} is no number") from None
