"""Deleting a user: rows, the space they took, the log of writes, snapshots, exports.

A database that deletes a row only marks its space as free. SQLite is told to overwrite
what it frees (``secure_delete``), and its write-ahead log is folded in and cut to
nothing. Exports that hold the user are deleted; snapshots are written again without.
What comes later for the same user is dropped: a salted digest of the id stays.
"""

import time
from typing import TYPE_CHECKING, Any

from lookalike.service.database import Database
from lookalike.service.database.events import erase
from lookalike.service.refusal import Refusal
from lookalike.service.snapshot import without_user

if TYPE_CHECKING:
    from lookalike.service.parts import Parts


def erase_user(parts: "Parts", id: str) -> int:
    """Delete every trace of a user; return how many rows named them."""
    parts.writer.settle()
    with parts.database.writing() as connection:
        gone = erase(parts.database, connection, id)
    for folder in sorted(parts.settings.snapshots.glob("[a-z0-9]*")):
        without_user(folder, id)
    for path in parts.settings.exports.glob("*.parquet"):
        path.unlink(missing_ok=True)  # made again whenever it is asked for
    clean(parts.database)
    parts.log.write("info", "user deleted", rows=gone)
    return gone


def clean(database: Database, seconds: float = 5.0) -> None:
    """Leave no deleted row in any file of the database.

    Raises
    ------
    Refusal
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
            raise Refusal(503, "The rows are deleted; the log is in use. Try again.", 1)
        time.sleep(0.02)
