"""What was shown, gathered in memory and stored with the next commit.

A search does not wait for the disk. What was shown reaches the database within a
twentieth of a second; a process that is killed loses that much, and no more.
"""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from lookalike.service.database import Database
from lookalike.service.database.events import store_exposures
from lookalike.service.database.tables import exposures
from lookalike.service.database.writer import Writer
from lookalike.service.metrics import Metrics

Rows = list[dict[str, Any]]
MakeRows = Callable[[], Rows]
StoreRows = Callable[[Database, Connection, Rows], None]
_MAX_WAITING = 5_000  # further ones are dropped, and counted


class RowLog:
    """Rows on their way to the database.

    store : writes them
    """

    def __init__(
        self, database: Database, writer: Writer, metrics: Metrics, store: StoreRows
    ) -> None:
        self._database = database
        self._writer = writer
        self._metrics = metrics
        self._store_rows = store
        self._waiting: list[MakeRows] = []
        self._lock = threading.Lock()

    def add(self, make: MakeRows) -> None:
        """Store the rows that ``make`` returns; the writer's thread calls it."""
        with self._lock:
            if len(self._waiting) >= _MAX_WAITING:
                self._metrics.dropped.inc()
                return
            self._waiting.append(make)
            if len(self._waiting) > 1:
                return
            batch = self._waiting
        stored = self._writer.write_behind(partial(self._store, batch))
        stored.add_done_callback(partial(self._count, batch))

    def _store(self, batch: list[MakeRows], connection: Connection) -> None:
        """Store a batch; after a rollback this is called again."""
        with self._lock:
            if self._waiting is batch:
                self._waiting = []  # what comes now is the next batch
        rows = [row for make in batch for row in make()]
        self._store_rows(self._database, connection, rows)

    def _count(self, batch: list[MakeRows], stored: Future[Any]) -> None:
        if stored.exception() is not None:
            self._metrics.dropped.inc(len(batch))


class ExposureLog(RowLog):
    """Exposures on their way to the database."""

    def __init__(self, database: Database, writer: Writer, metrics: Metrics) -> None:
        super().__init__(database, writer, metrics, store_exposures)
        self._claimed: OrderedDict[str, None] = OrderedDict()

    def claim(self, query_id: str) -> str:
        """Return an id that no other query has: this one, or one that begins with it.

        Of two workers that are asked with the same new id within a twentieth of a
        second, both may get it; the list that is stored first is then kept.
        """
        with self._lock:
            taken = query_id in self._claimed
            self._claimed[query_id] = None
            if len(self._claimed) > _MAX_WAITING:
                self._claimed.popitem(last=False)
        if taken or self._is_stored(query_id):
            return f"{query_id[:180]}~{uuid.uuid4().hex[:12]}"
        return query_id

    def _is_stored(self, query_id: str) -> bool:
        same = sa.select(exposures.c.query_id).where(exposures.c.query_id == query_id)
        try:
            with self._database.reading() as connection:
                return connection.execute(same).first() is not None
        except SQLAlchemyError:
            return False  # what is in memory goes on answering
