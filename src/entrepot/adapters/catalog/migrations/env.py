"""What Alembic runs for each command: it is given the connection by `run.py`."""

from alembic import context

from entrepot.adapters.catalog.management_schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
