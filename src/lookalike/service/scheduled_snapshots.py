"""Snapshots that the service takes by itself, and how many of them are kept."""

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.locks import exclusive
from lookalike.service.logs import log
from lookalike.service.settings import Settings
from lookalike.service.snapshots import alone, names, snapshot

_OURS = re.compile(r"auto-\d{8}-\d{6}")
_HOUR = 3600.0
_AGAIN = 60.0  # seconds between two looks


class ScheduledSnapshots:
    """Takes a snapshot from time to time, in a thread.

    Parameters
    ----------
    settings : Settings
    database : Database
    libraries : mapping of str to Library
    settle : callable
        Waits until what is to be written is written.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        libraries: Mapping[str, Library],
        settle: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._about = database, libraries, settings.snapshots
        self._settle = settle
        self._looked = -_AGAIN
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """Begin one if it is due."""
        hours, clock = self._settings.snapshot_hours, time.monotonic()
        if not hours or clock - self._looked < min(_AGAIN, hours * _HOUR):
            return
        self._looked = clock
        if time.time() - last_taken(self._settings.snapshots) < hours * _HOUR:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._take, name="snapshot")
            self._thread.start()

    def stop(self) -> None:
        """Wait for the one that was begun."""
        if self._thread is not None:
            self._thread.join()

    def _take(self) -> None:
        folder = self._settings.snapshots
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self._settings.state / "snapshots.lock") as is_ours:
            if not is_ours:
                return
            name = f"auto-{datetime.now(UTC):%Y%m%d-%H%M%S}"
            try:
                self._settle()
                snapshot(*self._about, name)
                _remove_old(folder, self._settings.keep_snapshots)
            except (OSError, ValueError, SQLAlchemyError) as error:
                kind = type(error).__name__
                log(logging.ERROR, "snapshot failed", kind=kind)
            else:
                log(logging.INFO, "snapshot taken", snapshot=name)


def last_taken(folder: Path) -> float:
    """Return when the last snapshot was taken, in seconds since 1970; 0 is never."""
    places = [folder / name / "snapshot.json" for name in names(folder)]
    return max((p.stat().st_mtime for p in places if p.exists()), default=0.0)


def _remove_old(folder: Path, keep: int) -> None:
    """Remove the oldest of those that were taken so; others are nobody's to remove."""
    with alone(folder):
        ours = [name for name in names(folder) if _OURS.fullmatch(name)]
        for name in ours[:-keep] if keep else ():
            shutil.rmtree(folder / name)
