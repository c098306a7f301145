"""What was shown, gathered in memory and stored with the next commit.

A search does not wait for the disk. What was shown reaches the database within a
twentieth of a second; a process that is killed loses that much, and no more.
"""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

from lookalike.service.database import Database
from lookalike.service.database.events import store_exposures
from lookalike.service.database.writer import Writer
from lookalike.service.metrics import Metrics

_MAX_WAITING = 5_000  # further ones are dropped, and counted


class ExposureLog:
    """Exposures on their way to the database."""

    def __init__(self, database: Database, writer: Writer, metrics: Metrics) -> None:
        self._database = database
        self._writer = writer
        self._metrics = metrics
        self._waiting: list[Callable[[], list[dict[str, Any]]]] = []
        self._lock = threading.Lock()

    def add(self, make: Callable[[], list[dict[str, Any]]]) -> None:
        """Store the rows that ``make`` returns; the writer's thread calls it."""
        with self._lock:
            if len(self._waiting) >= _MAX_WAITING:
                self._metrics.dropped.inc()
                return
            self._waiting.append(make)
            first = len(self._waiting) == 1
        if first:
            self._writer.write_behind(self._store)

    def _store(self, connection: Connection) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        rows = [row for make in waiting for row in make()]
        store_exposures(self._database, connection, rows)
