"""What a sender finds its work by; the letterhead that an issue was frozen with; mails that came back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from milepost.newsletter.tables import UtcDateTime

revision = "0002_delivery"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("issue", sa.Column("letterhead", sa.Text()))
    op.drop_index(op.f("ix_delivery_state"), "delivery")
    op.create_index("ix_delivery_work", "delivery", ["issue_id", "state", "due_at", "id"])
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('hard', 'soft', 'complaint')", name=op.f("ck_bounce_kind_is_known")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_bounce_delivery_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_bounce_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("digest", name=op.f("uq_bounce_digest")),
    )
    op.create_index(op.f("ix_bounce_delivery_id"), "bounce", ["delivery_id"])
    op.create_index(op.f("ix_bounce_subscriber_id"), "bounce", ["subscriber_id"])
