"""Maintenance tasks: compact items, delete what is older than is kept, learn again.

Of several workers the one that gets the lock does the work.
"""

import logging
import threading
import time
from collections.abc import Mapping

from lookalike.service.compaction import compact
from lookalike.service.database.connection import now
from lookalike.service.database.events import delete_before
from lookalike.service.database.writer import Writer
from lookalike.service.locks import exclusive
from lookalike.service.logs import log
from lookalike.service.retraining import Retraining
from lookalike.service.runtime import ServedSystem, learned_until
from lookalike.service.settings import Settings

_DAY = 24 * 3600 * 1_000_000
_HOUR = 3600.0
_MINUTE = 60.0


class MaintenanceTasks:
    """Work that is done now and then, without a request."""

    def __init__(
        self, settings: Settings, writer: Writer, retraining: Mapping[str, Retraining]
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._retraining = retraining
        self._looked: dict[str, float] = {}
        self._thread: threading.Thread | None = None
        self._deleted_at = time.monotonic()

    def run_due(self, served: ServedSystem) -> None:
        """Start what is due: compaction, deletion once an hour, learning again."""
        due = 0 < self._settings.compact_after <= served.n_held_changes
        if due and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._compact, args=(served,))
            self._thread.start()
        if self._settings.keep_days and time.monotonic() - self._deleted_at > _HOUR:
            self._deleted_at = time.monotonic()
            oldest = now() - int(self._settings.keep_days * _DAY)
            self._writer.write_behind(lambda c: delete_before(c, oldest))

        if self._settings.retrain_hours and served.name in self._retraining:
            self._retrain_if_due(served)

    def _retrain_if_due(self, served: ServedSystem) -> None:
        """Look once a minute whether a system is to learn again."""
        if time.monotonic() - self._looked.get(served.name, -_MINUTE) < _MINUTE:
            return
        self._looked[served.name] = time.monotonic()
        work, hours = self._retraining[served.name], self._settings.retrain_hours
        if work.is_due(hours, learned_until(served.active.system)) and work.start():
            log(logging.INFO, "learning again", system=served.name)

    def stop(self) -> None:
        """Wait for what was started."""
        if self._thread is not None:
            self._thread.join()

    def _compact(self, served: ServedSystem) -> None:
        with exclusive(self._settings.state / "compaction.lock") as is_ours:
            if not is_ours:
                return
            served.watch()  # another worker may just have done it
            if served.n_held_changes < self._settings.compact_after:
                return
            try:
                name = compact(served.active.system, served.library)
            except (OSError, ValueError) as error:
                kind = type(error).__name__
                log(logging.ERROR, "compaction failed", kind=kind, detail=str(error))
            else:
                about = {"system": served.name, "generation": name}
                log(logging.INFO, "items compacted", **about)
