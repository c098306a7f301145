"""PostgreSQL's advisory locks: who does a piece of work, of all services.

They belong to a connection or a transaction and end with it, so that a process that is
killed holds none. SQLite needs none: its services are on one machine, where files are
locked, and a write transaction is alone.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.connection import Database


def in_turn(database: Database, connection: Connection, name: str) -> None:
    """Wait until no other transaction is in this; it lasts until this one ends."""
    if not database.is_sqlite:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number_of(name))))


@contextmanager
def alone(database: Database, name: str, wait: bool) -> Iterator[bool]:
    """Whether this process, of all services of the database, holds the lock.

    wait : until it does
    """
    number = number_of(name)
    with database.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        if wait:
            connection.exec_driver_sql("SET statement_timeout = 0")
            take = sa.func.pg_advisory_lock(number)
        else:
            take = sa.func.pg_try_advisory_lock(number)
        is_ours = connection.execute(sa.select(take)).scalar() is not False
        try:
            yield is_ours
        finally:
            if wait:
                connection.invalidate()  # the lock and the setting end with it
            elif is_ours:
                free = sa.select(sa.func.pg_advisory_unlock(number))
                connection.execute(free)


def number_of(name: str) -> int:
    """Return the number of a lock, the same in every process.

    Examples
    --------
    >>> number_of("compaction") == number_of("compaction")
    True
    """
    digest = hashlib.sha256(f"lookalike {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
