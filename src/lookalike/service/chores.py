"""What a service does by itself: fold what changed, forget what is old.

Of several workers one does it: whoever gets hold of the lock's file.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.service.database.connection import now
from lookalike.service.database.events import forget_before
from lookalike.service.database.writer import Writer
from lookalike.service.fold import fold
from lookalike.service.log import Log
from lookalike.service.served import Served
from lookalike.service.settings import Settings

_DAY = 24 * 3600 * 1_000_000
_HOUR = 3600.0


class Chores:
    """Work that nobody asked for, done now and then."""

    def __init__(self, settings: Settings, writer: Writer, log: Log) -> None:
        self._settings = settings
        self._writer = writer
        self._log = log
        self._thread: threading.Thread | None = None
        self._forgot = time.monotonic()

    def look(self, served: Served) -> None:
        """Begin to fold if enough changed; forget once an hour."""
        due = 0 < self._settings.fold_after <= served.active.catalogue.n_changed
        if due and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._fold, args=(served,))
            self._thread.start()
        if self._settings.keep_days and time.monotonic() - self._forgot > _HOUR:
            self._forgot = time.monotonic()
            oldest = now() - int(self._settings.keep_days * _DAY)
            self._writer.write_behind(lambda c: forget_before(c, oldest))

    def stop(self) -> None:
        """Wait for what was begun."""
        if self._thread is not None:
            self._thread.join()

    def _fold(self, served: Served) -> None:
        with alone(self._settings.state / "fold.lock") as mine:
            if not mine:
                return
            served.watch()  # another worker may just have done it
            if served.active.catalogue.n_changed < self._settings.fold_after:
                return
            try:
                name = fold(served.active, served.library)
            except (OSError, ValueError) as error:
                kind = type(error).__name__
                self._log.write("error", "fold failed", kind=kind, detail=str(error))
            else:
                self._log.write("info", "folded", system=served.name, generation=name)


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Whether this process, of all that ask, may go ahead; it ends with the process."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: one worker there
        yield True
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
