"""The change signal of services on several machines, by PostgreSQL's LISTEN and NOTIFY.

Two threads beside the eight bytes: one tells the other services that something changed
here, many changes by one message; the other hears them, and changes the bytes of this
machine. Nothing waits for either. While the database is away nothing is heard, and who
looks from time to time finds what was missed.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lookalike.service.change_signal import ChangeSignal
from lookalike.service.database import Database
from lookalike.service.database.announcing import MINE, announce, listening
from lookalike.service.logs import log

_LISTEN = 1.0  # seconds after which a thread looks whether it is to end


class DistantSignal(ChangeSignal):
    """Eight shared bytes, and whoever has the same database.

    Parameters
    ----------
    path : Path
        Of the bytes.
    database : Database
        PostgreSQL.
    """

    def __init__(self, path: Path, database: Database) -> None:
        super().__init__(path)
        self._database = database
        self._to_tell = threading.Event()
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self._on_news: Callable[[], object] = lambda: None

    def notify(self) -> None:
        """Announce to every process of every service that something changed."""
        super().notify()
        self._to_tell.set()

    def start(self, on_news: Callable[[], object]) -> None:
        """Begin to tell and to hear.

        on_news : called, in a thread, when another process has told something
        """
        self._on_news = on_news
        for work in (self._tell, self._hear):
            name = f"signal {work.__name__.strip('_')}"
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """End the threads, and release the file."""
        self._ends.set()
        self._to_tell.set()
        for thread in self._threads:
            thread.join()
        super().close()

    def _tell(self) -> None:
        while not self._ends.is_set():
            self._to_tell.wait()
            self._to_tell.clear()
            if self._ends.is_set():
                return
            try:
                with self._database.engine.begin() as connection:
                    announce(self._database, connection, MINE)
            except Exception as error:  # they look from time to time anyway
                log(logging.ERROR, "change not told", kind=type(error).__name__)

    def _hear(self) -> None:
        while not self._ends.is_set():
            try:
                with listening(self._database) as connection:
                    self._heard()  # what came while nobody listened
                    while not self._ends.is_set():
                        self._hear_on(connection)
            except Exception as error:
                if not self._ends.is_set():
                    log(logging.ERROR, "changes not heard", kind=type(error).__name__)
                self._ends.wait(_LISTEN)

    def _hear_on(self, connection: Any) -> None:
        for told in connection.notifies(timeout=_LISTEN / 4, stop_after=1):
            if told.payload != MINE:
                self._heard()

    def _heard(self) -> None:
        self.touch()
        self._on_news()


def signal_of(database: Database, path: Path) -> ChangeSignal:
    """Return the signal of a service: PostgreSQL may have services elsewhere."""
    if database.is_sqlite:
        return ChangeSignal(path)
    return DistantSignal(path, database)
