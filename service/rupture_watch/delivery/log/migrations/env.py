"""Runs the migrations of the delivery log on a connection that is given."""

from __future__ import annotations

from alembic import context

from rupture_watch.delivery.log.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
