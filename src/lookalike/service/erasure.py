"""Deleting a user: rows, the space they took, the log of writes, snapshots, exports.

A database that deletes a row only marks its space as free. SQLite is told to overwrite
what it frees (``secure_delete``), and its write-ahead log is checkpointed and
truncated. Exports that hold the user are deleted; snapshots are written again without.
What comes later for the same user is dropped: a salted digest of the id stays.
"""

import logging
import time
from typing import Any

from lookalike.service.components import Components
from lookalike.service.database import Database
from lookalike.service.database.events import erase
from lookalike.service.errors import ServiceError
from lookalike.service.logs import log
from lookalike.service.snapshots import remove_user


def erase_user(components: Components, id: str) -> int:
    """Delete every trace of a user; return how many rows named them.

    Raises
    ------
    ServiceError
        409 if a snapshot cannot be read: it may still hold the user.
    """
    components.writer.settle()
    with components.database.writing() as connection:
        deleted = erase(components.database, connection, id)
    for path in components.settings.exports.glob("*.parquet"):
        path.unlink(missing_ok=True)  # made again by the next export
    purge(components.database)
    refused = []
    for folder in sorted(components.settings.snapshots.glob("[a-z0-9]*")):
        try:
            remove_user(folder, id)
        except ValueError as error:
            refused.append(str(error))
    log(logging.INFO, "user deleted", rows=deleted, snapshots_refused=len(refused))
    if refused:
        raise ServiceError(
            409, f"The user is deleted, but not from every snapshot: {refused[0]}"
        )
    return deleted


def purge(database: Database, seconds: float = 5.0) -> None:
    """Leave no deleted row in any file of the database.

    Raises
    ------
    ServiceError
        503 if readers kept SQLite's log from being cut; nothing is lost by trying
        again.
    """
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM FULL events")
            connection.exec_driver_sql("VACUUM FULL exposures")
        return
    until = time.monotonic() + seconds
    while True:
        with database.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            cursor = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()[0]
            cursor.close()
        if not busy:
            return
        if time.monotonic() > until:
            raise ServiceError(
                503, "The rows are deleted; the log is in use. Try again.", 1
            )
        time.sleep(0.02)
