"""An answer: one measure's table as plain values, and its forms as CSV, JSON and text. Knows no engine."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import msgspec

Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """The names of a table's columns, and its rows by those names, in order."""

    columns: tuple[str, ...]
    rows: list[Row]

    def csv(self) -> str:
        """RFC 4180, with a header; a list's items are joined by arrows."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows([_cell(row[name]) for name in self.columns] for row in self.rows)
        return text.getvalue()

    def json(self) -> str:
        """A list of objects; days are text."""
        return msgspec.json.format(msgspec.json.encode(self.rows), indent=1).decode() + "\n"

    def text(self) -> str:
        """Columns for a terminal: numbers to the right, everything else to the left."""
        numeric = [all(isinstance(row[name], int | float | None) for row in self.rows) for name in self.columns]
        table = [self.columns, *(tuple(_shown(row[name]) for name in self.columns) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(cells, widths, numeric, strict=True)
            ).rstrip()
            for cells in table
        ]
        return "\n".join(lines) + "\n"


def _joined(value: list[str]) -> str:
    return " → ".join(value)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return _joined(value)
    # A spreadsheet takes such a text for a formula, and topics and goals are written by others.
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return _joined(value)
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    # A terminal obeys control characters.
    return "".join(one if one.isprintable() else "�" for one in str(value))
