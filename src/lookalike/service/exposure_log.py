"""What was shown, gathered in memory and stored with the next commit.

A search does not wait for the disk. What was shown reaches the database within a
twentieth of a second; a process that is killed loses that much, and no more.
"""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

from lookalike.service.database import Database
from lookalike.service.database.events import exposure_row, store_exposures
from lookalike.service.database.writer import Writer
from lookalike.service.metrics import Metrics

_MOST = 5_000  # that wait; more are dropped, and counted


class ExposureLog:
    """Exposures on their way to the database."""

    def __init__(self, database: Database, writer: Writer, metrics: Metrics) -> None:
        self._database = database
        self._writer = writer
        self._metrics = metrics
        self._waiting: list[Callable[[], list[dict[str, Any]]]] = []
        self._lock = threading.Lock()

    def add(self, make: Callable[[], list[dict[str, Any]]]) -> None:
        """Store what this makes; it is called in the writer's thread."""
        with self._lock:
            if len(self._waiting) >= _MOST:
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


__all__ = ["ExposureLog", "exposure_row"]
