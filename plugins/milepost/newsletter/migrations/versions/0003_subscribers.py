"""What a reader has chosen, topics, rhythm and zone; whom an issue is for, and when it is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from milepost.newsletter.tables import UtcDateTime

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    for name, default in (("topics", ""), ("rhythm", "each"), ("zone", "")):
        op.add_column("subscriber", sa.Column(name, sa.Text(), nullable=False, server_default=default))
    op.add_column("subscriber", sa.Column("rhythm_at", UtcDateTime()))
    op.create_index("ix_subscriber_address_lower", "subscriber", [sa.func.lower(sa.column("address"))])
    # Every issue so far was for everybody; from now on that is what `each` means for one made of the feed.
    op.add_column("issue", sa.Column("rhythm", sa.Text(), nullable=False, server_default=""))
    op.add_column("issue", sa.Column("send_at", UtcDateTime()))
