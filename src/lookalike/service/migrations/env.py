"""Run the migrations on the connection that was handed over."""

from alembic import context

from lookalike.service.database.tables import metadata

if __name__ == "env_py":  # as Alembic calls it; importing it does nothing
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=metadata
    )
    context.run_migrations()
