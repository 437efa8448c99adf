"""Lists of subscribers as CSV: taken in with a report for each line, and given out as they can be taken in again.

Columns: `address,consent_at,consent_source,topics,rhythm,language`. Knows no terminal; no report names an address.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

from sqlalchemy import Connection, Engine, insert, select, update

from milepost.newsletter import erasure, store
from milepost.newsletter.addresses import BadAddress, address_of
from milepost.newsletter.choices import choose, rhythm_of, topics_of
from milepost.newsletter.model import UNKNOWN_TOUCHPOINT, Choices, NewsletterError
from milepost.newsletter.tables import consent, subscriber
from milepost.schema import nearest

COLUMNS = ("address", "consent_at", "consent_source", "topics", "rhythm", "language")
BATCH = 500
IMPORTED = "imported"
"""The version of the wording of a consent that was given elsewhere; its wording is what `consent_source` says."""

_LANGUAGE_MOST = 35
"""Characters; BCP 47 asks for no more."""

Outcome = Literal["active", "asked", "known", "left", "erased", "wrong"]
OUTCOMES: Mapping[Outcome, str] = {
    "active": "subscribed",
    "asked": "asked to confirm, by mail",
    "known": "subscribed already",
    "left": "has left, or cannot be reached; only a signup of their own brings them back",
    "erased": "was erased; only a signup of their own brings them back",
    "wrong": "cannot be taken in",
}


class Report(NamedTuple):
    """What became of one line, counted from 1; `reason` says why, where it is not plain."""

    line: int
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Entry:
    """One line that can be meant."""

    line: int
    address: str
    choices: Choices
    language: str
    consent_at: datetime | None
    consent_source: str


def take_in(
    engine: Engine, secret: bytes, path: Path, topics: Iterable[str], language: str, now: datetime, *, dry: bool = False
) -> Iterator[Report]:
    """Import the subscribers in the file at `path`; one report a line, in order. Again, it changes nothing.

    Args:
        topics: slugs of what there is to choose from; where there are none, any is taken.
        language: of those whose line names none.
        dry: change nothing, and say what would be.
    Raises:
        NewsletterError: when the file cannot be read, or its first line does not name the columns.
    """
    known, seen = set(topics), set[str]()
    for batch in _batches(_lines(path)):
        with engine.connect() as connection, connection.begin() as transaction:
            reports = []
            for line, values in batch:
                report = _take_in(connection, secret, line, values, known, language, now, seen)
                reports.append(report)
            if dry:
                transaction.rollback()
        yield from reports


def give_out(connection: Connection, to: TextIO) -> int:
    """Write every active subscriber, by address, as `take_in` reads them; returns how many."""
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow(COLUMNS)
    newest = select(
        consent.c.subscriber_id, consent.c.confirmed_at, consent.c.wording, consent.c.version, consent.c.page
    )
    agreed = {row.subscriber_id: row for row in connection.execute(newest)}
    active = select(subscriber).where(subscriber.c.state == "active").order_by(subscriber.c.address)
    number = 0
    for row in connection.execute(active):
        told = agreed.get(row.id)
        at, source = (told.confirmed_at.isoformat(), _source(told)) if told else ("", "")
        writer.writerow([row.address, at, source, ";".join(topics_of(row.topics)), row.rhythm, row.language])
        number += 1
    return number


def summary(reports: Iterable[Report]) -> Counter[Outcome]:
    """How many lines there were of each outcome."""
    return Counter(report.outcome for report in reports)


def _source(told: Any) -> str:
    if told.version == IMPORTED:
        return str(told.wording)
    return f"signup{f' on {told.page}' if told.page else ''}, wording {told.version}"


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    """(line, its columns, or why it is none) of a file; a byte order mark is left out, and empty lines."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            columns = _columns(path, next(reader, []))
            while True:
                first = reader.line_num + 1
                try:
                    row = next(reader, None)
                except csv.Error as error:
                    yield first, str(error)
                    continue
                if row is None:
                    return
                if len(row) > len(columns):
                    yield first, f"{len(row)} columns, where the first line has {len(columns)}"
                elif any(cell.strip() for cell in row):
                    yield first, {name: cell.strip() for name, cell in zip(columns, row, strict=False)}
    except OSError as error:
        raise NewsletterError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NewsletterError(
            f"{path}: byte {error.object[error.start]:#x} is not UTF-8; save the file as UTF-8"
        ) from error


def _columns(path: Path, row: list[str]) -> list[str]:
    columns = [name.strip().lower() for name in row]
    for name in columns:
        if name not in COLUMNS:
            near = nearest(name, COLUMNS)
            remedy = f'did you mean "{near}"?' if near else f"the columns are {','.join(COLUMNS)}"
            raise NewsletterError(f'{path}:1: no column "{name[:60]}" is known; {remedy}')
    if "address" not in columns or len(set(columns)) < len(columns):
        raise NewsletterError(
            f"{path}:1: a column is named twice, or there is no address; begin with {','.join(COLUMNS)}"
        )
    return columns


def _batches(lines: Iterable[tuple[int, dict[str, str] | str]]) -> Iterator[list[tuple[int, dict[str, str] | str]]]:
    batch = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _take_in(
    connection: Connection,
    secret: bytes,
    line: int,
    values: dict[str, str] | str,
    topics: set[str],
    language: str,
    now: datetime,
    seen: set[str],
) -> Report:
    try:
        if isinstance(values, str):
            raise NewsletterError(values)
        entry = _entry(line, values, topics, language, now)
    except NewsletterError as error:
        return Report(line, "wrong", str(error))
    if entry.address.lower() in seen:
        return Report(line, "known", "is in this file twice")
    seen.add(entry.address.lower())
    outcome = _outcome(connection, secret, entry, now)
    return Report(line, outcome, "" if outcome in ("active", "asked") else OUTCOMES[outcome])


def _entry(line: int, values: dict[str, str], topics: set[str], language: str, now: datetime) -> Entry:
    try:
        address = address_of(values["address"])
    except BadAddress as error:
        raise NewsletterError(f"address: {error}") from error
    chosen = tuple(dict.fromkeys(slug.strip() for slug in values.get("topics", "").split(";") if slug.strip()))
    for slug in chosen:
        if topics and slug not in topics:
            near = nearest(slug, topics)
            raise NewsletterError(f'topics: "{slug[:60]}" is none' + (f'; did you mean "{near}"?' if near else ""))
    rhythm = rhythm_of(values.get("rhythm") or "each")
    if rhythm is None:
        raise NewsletterError(f'rhythm: "{values["rhythm"][:60]}" is none; write each, daily or weekly')
    at, source = _time(values.get("consent_at", ""), now), values.get("consent_source", "")
    if bool(at) != bool(source):
        raise NewsletterError("consent_at and consent_source go together; leave both empty, and we ask by mail")
    spoken = values.get("language") or language
    if not spoken.replace("-", "").isalnum() or not spoken.isascii() or len(spoken) > _LANGUAGE_MOST:
        raise NewsletterError(f'language: "{spoken[:60]}" is none; write it like en or pt-br')
    return Entry(line, address, Choices(chosen, rhythm), spoken, at, source)


def _time(text: str, now: datetime) -> datetime | None:
    """A time as ISO 8601 has it; in UTC where it says no zone."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise NewsletterError(f'consent_at: "{text[:60]}" is no time; write it like 2026-01-31T12:00:00Z') from error
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if found > now:
        raise NewsletterError(f'consent_at: "{text[:60]}" is still to come')
    return found


def _outcome(connection: Connection, secret: bytes, entry: Entry, now: datetime) -> Outcome:
    if store.is_suppressed(connection, secret, entry.address):
        return "erased"
    ids = erasure.ids_of(connection, entry.address)
    rows = [store.subscriber(connection, id_) for id_ in ids]
    states = {row.state for row in rows if row}
    if "active" in states:
        return "known"
    if states - {"pending"}:
        return "left"
    if entry.consent_at is None:
        if not states:
            store.sign_up(connection, entry.address, UNKNOWN_TOUCHPOINT, None, "", entry.language, now)
            choose(connection, erasure.ids_of(connection, entry.address)[0], entry.choices)
        return "asked"
    _subscribe(connection, ids[0] if ids else None, entry, now)
    return "active"


def _subscribe(connection: Connection, subscriber_id: int | None, entry: Entry, now: datetime) -> None:
    said = {"state": "active", "language": entry.language, "changed_at": now, "seen": store.seen_by_now()}
    if subscriber_id is None:
        more = {"address": entry.address, "touchpoint": UNKNOWN_TOUCHPOINT, "asked_at": entry.consent_at}
        made = insert(subscriber).values({**said, **more}).returning(subscriber.c.id)
        subscriber_id = connection.execute(made).scalar_one()
    else:
        connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(said))
    times = {"asked_at": entry.consent_at, "confirmed_at": entry.consent_at}
    wording = {"wording": entry.consent_source, "version": IMPORTED, "language": entry.language, "page": ""}
    connection.execute(insert(consent).values(subscriber_id=subscriber_id, **wording, **times))
    choose(connection, subscriber_id, entry.choices)
