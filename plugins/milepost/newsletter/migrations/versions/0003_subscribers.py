"""What a reader has chosen: topics, rhythm and zone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_subscribers"
down_revision = "0002_delivery"


def upgrade() -> None:
    for name, default in (("topics", ""), ("rhythm", "each"), ("zone", "")):
        op.add_column("subscriber", sa.Column(name, sa.Text(), nullable=False, server_default=default))
    op.create_index("ix_subscriber_address_lower", "subscriber", [sa.func.lower(sa.column("address"))])
