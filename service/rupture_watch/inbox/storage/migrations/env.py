"""Runs the migrations on the connection that the inbox hands over."""

from alembic import context

from rupture_watch.inbox.storage import local_schema  # noqa: F401 - declares its tables
from rupture_watch.inbox.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
