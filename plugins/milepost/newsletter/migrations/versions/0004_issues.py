"""Numbers of posts, and up to which each reader has had them; whom an issue is for; what of it each of them gets."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from milepost.newsletter.tables import UtcDateTime

revision = "0004_issues"
down_revision = "0003_subscribers"


def upgrade() -> None:
    post = op.create_table(
        "post",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_post")),
        sa.UniqueConstraint("id", name=op.f("uq_post_id")),
    )
    op.add_column("subscriber", sa.Column("seen", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("issue", sa.Column("rhythm", sa.Text(), nullable=False, server_default="each"))
    op.add_column("issue", sa.Column("send_at", UtcDateTime()))
    op.add_column("delivery", sa.Column("topics", sa.Text(), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("since", sa.Integer(), nullable=False, server_default="0"))
    # What was sent, or passed over, is old to everybody. A draft is made anew, since its posts have no number.
    op.execute("DELETE FROM issue WHERE state IN ('draft', 'scheduled')")
    contents = op.get_bind().execute(sa.text("SELECT content FROM issue ORDER BY created_at, id")).scalars()
    ids = dict.fromkeys(one["id"] for content in contents for one in reversed(json.loads(content)))
    if ids:
        op.bulk_insert(post, [{"number": number, "id": id_, "told": True} for number, id_ in enumerate(ids, 1)])
        op.execute(sa.table("subscriber", sa.column("seen")).update().values(seen=len(ids)))
