"""The space of deleted rows is freed by PostgreSQL, soon and in a thread.

Readers and writers go on meanwhile; the rows themselves are gone already.
"""

import logging
import threading

import sqlalchemy as sa

from lookalike.service.database.connection import Database
from lookalike.service.database.tables import (
    events,
    experiment_exposures,
    exposures,
    handed_out,
)
from lookalike.service.logs import log

_PATIENCE = 5.0  # seconds for what was begun; the server ends it by itself otherwise


class SpaceFreeing:
    """Frees the space of rows that name users, when it is told to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()

    def begin(self) -> None:
        """Free it soon; what is deleted while that is done is freed after it."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._free, name="freeing", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Finish what was begun, if it is soon."""
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _free(self) -> None:
        while self._wanted.is_set():
            self._wanted.clear()
            try:
                with self._database.engine.connect() as connection:
                    freeing = connection.execution_options(isolation_level="AUTOCOMMIT")
                    freeing.exec_driver_sql("SET statement_timeout = 0")
                    for table in (events, exposures, experiment_exposures, handed_out):
                        freed = "VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF)"
                        freeing.exec_driver_sql(f"{freed} {table.name}")
                    freeing.invalidate()  # and the setting with it
            except sa.exc.SQLAlchemyError as error:  # the server does it in its time
                log(logging.ERROR, "space not freed", kind=type(error).__name__)
