"""Runs the migrations on the connection, and in the transaction, that `db.migrate` hands over."""

from __future__ import annotations

from alembic import context

from milepost.newsletter.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
