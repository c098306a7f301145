"""Bring a database to the form this release knows, by whichever process comes first."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import lookalike
from lookalike.service.database.connection import Database

_LOCK = 7_233_100_921  # any number that no other program takes for its lock


def migrate(database: Database) -> None:
    """Make or upgrade the tables.

    Raises
    ------
    ValueError
        If a newer release wrote the database.
    """
    if database.is_sqlite:
        # Not within a transaction, and kept in the file from then on.
        with database.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA journal_mode=WAL").close()
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config = _config(connection)
        known = {
            s.revision for s in ScriptDirectory.from_config(config).walk_revisions()
        }
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in known:
            raise ValueError(
                f"The database was written by a newer lookalike (its form is {found}); "
                f"this is lookalike {lookalike.__version__}."
            )
        command.upgrade(config, "head")


def open_database(url: str, upgrade: bool = True) -> Database:
    """Return the service's database.

    upgrade : make its tables, or bring them up to date

    Raises
    ------
    ValueError
        If it is none, or cannot be opened.
    """
    database = Database(url)
    try:
        if upgrade:
            migrate(database)
        else:
            sa.inspect(database.engine).get_table_names()
    except sa.exc.DBAPIError as error:
        raise ValueError(f"{database.shown} is no database: {error.orig}.") from None
    return database


def _config(connection: sa.Connection) -> Config:
    config = Config()
    folder = Path(__file__).parents[1] / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
