"""PostgreSQL's LISTEN and NOTIFY: services of one database tell each other of changes.

What is told is only that something changed; who hears it looks into the database, as it
does from time to time anyway. So nothing is lost with a message that does not arrive.
"""

import secrets
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.connection import Database

CHANNEL = "lookalike"
MINE = secrets.token_hex(8)
"""What this process signs with."""


def announce(database: Database, connection: Connection, author: str = "") -> None:
    """Tell every service, once this transaction is committed."""
    if not database.is_sqlite:
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, author)))


def listening(database: Database) -> Any:
    """Return a connection of its own that hears what is announced."""
    import psycopg

    address = database.url.set(drivername="postgresql")
    connection = psycopg.connect(
        address.render_as_string(hide_password=False),
        autocommit=True,
        connect_timeout=5,
        client_encoding="utf-8",
        application_name="lookalike listens",
    )
    connection.execute(f"LISTEN {CHANNEL}")
    return connection
