"""Alembic's entry: runs the migrations on the connection that `ledger.migrate` gives."""

from __future__ import annotations

from alembic import context

from include.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="ledger_version",
)
with context.begin_transaction():
    context.run_migrations()
