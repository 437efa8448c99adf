"""The tables of the newsletter, as `migrations/` makes them. Times are aware datetimes in UTC, in and out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    func,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime. SQLite has no time zones: what it keeps is UTC, and it is given back as such."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value}: a time without a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("touchpoint", Text, nullable=False),
    Column("person", Text),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    # `;one;two;`, so that one of them can be looked for; empty: every topic, those of tomorrow included.
    Column("topics", Text, nullable=False, default="", server_default=""),
    Column("rhythm", Text, nullable=False, default="each", server_default="each"),
    # Empty: the site's.
    Column("zone", Text, nullable=False, default="", server_default=""),
    # The number of the newest post that an issue has told them of, or could have, had it been of their topics.
    Column("seen", Integer, nullable=False, default=0, server_default="0"),
    _one_of("state", "pending", "active", "unsubscribed", "bounced", "complained"),
    # A link in an old mail names an id for good: that of an erased subscriber must never become another's.
    sqlite_autoincrement=True,
)

Index("ix_subscriber_address_lower", func.lower(subscriber.c.address))

consent = Table(
    "consent",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("wording", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
)

suppression = Table(
    "suppression",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", UtcDateTime, nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("kind", "confirm", "already"),
    _one_of("state", "queued", "sent", "failed"),
    # Its Message-ID is made of its id.
    sqlite_autoincrement=True,
)

# A post is new to whoever has seen only smaller numbers, whichever rhythm they had meanwhile.
post = Table(
    "post",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    # Whether an issue with it was frozen: then it is no news to who subscribes from now on.
    Column("told", Boolean, nullable=False, default=False, server_default=false()),
)

issue = Table(
    "issue",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("content_hash", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("frozen_at", UtcDateTime),
    Column("letterhead", Text),
    # The readers it is for; empty: those of every rhythm.
    Column("rhythm", Text, nullable=False, default="each", server_default="each"),
    Column("send_at", UtcDateTime),
    _one_of("state", "draft", "scheduled", "frozen", "sending", "paused", "done"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    # What its reader had chosen and seen when the issue was frozen: a copy that is made again is the same.
    Column("topics", Text, nullable=False, default="", server_default=""),
    Column("since", Integer, nullable=False, default=0, server_default="0"),
    Column("reply", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", UtcDateTime),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("issue_id", "subscriber_id"),
    _one_of("state", "queued", "leased", "armed", "accepted", "deferred", "rejected", "uncertain", "skipped"),
    Index("ix_delivery_work", "issue_id", "state", "due_at", "id"),
)

bounce = Table(
    "bounce",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False, index=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("at", UtcDateTime, nullable=False),
    _one_of("kind", "hard", "soft", "complaint"),
)
