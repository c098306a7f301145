"""Maintenance tasks: compact items, delete what is old, learn again, experiments.

Of several workers the one that gets the lock does the work.
"""

import logging
import threading
import time
from collections.abc import Mapping

from lookalike.monitor.canary import GO_ON
from lookalike.service.canaries import decided
from lookalike.service.compaction import compact_served
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.events import delete_before
from lookalike.service.database.experiments import StoredExperiment, running, steps
from lookalike.service.database.writer import Writer
from lookalike.service.experiment_results import LOOK, look
from lookalike.service.experiments import Experiments
from lookalike.service.locks import exclusive
from lookalike.service.logs import log
from lookalike.service.monitoring import Monitoring
from lookalike.service.retraining import Retraining
from lookalike.service.runtime import ServedSystem, learned_until
from lookalike.service.settings import Settings

_DAY = 24 * 3600 * 1_000_000
_HOUR = 3600.0
_MINUTE = 60.0
_SECOND = 1.0
_DECIDED = ("ab", "canary")
"""Kinds of experiments about which something is decided from time to time."""


class MaintenanceTasks:
    """Work that is done now and then, without a request."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        writer: Writer,
        experiments: Experiments,
        retraining: Mapping[str, Retraining],
        monitoring: Monitoring,
    ) -> None:
        self._settings = settings
        self._database = database
        self._experiments = experiments
        self._writer = writer
        self._retraining = retraining
        self._monitoring = monitoring
        self._looked: dict[str, float] = {}
        self._decided: dict[str, float] = {}
        self._tried: dict[str, int] = {}
        self._thread: threading.Thread | None = None
        self._deleted_at = time.monotonic()

    def run_due(self, served: ServedSystem) -> None:
        """Do what is due: compact, delete once an hour, learn again, look, decide."""
        due = 0 < self._settings.compact_after <= served.n_held_changes
        if due and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._compact, args=(served,))
            self._thread.start()
        if self._settings.keep_days and time.monotonic() - self._deleted_at > _HOUR:
            self._deleted_at = time.monotonic()
            oldest = now() - int(self._settings.keep_days * _DAY)
            self._writer.write_behind(lambda c: delete_before(c, oldest))

        if served.name in self._retraining:
            self._retrain_if_due(served)

        self._monitoring.run_due(served)
        if any(each.kind in _DECIDED for each in self._experiments.of(served.name)):
            self._decide(served)

    def _decide(self, served: ServedSystem) -> None:
        """Decide on canaries once a second, and look at tests when it is time."""
        clock = time.monotonic()
        if clock - self._decided.get(served.name, -_SECOND) < _SECOND:
            return
        self._decided[served.name] = clock
        lock = self._settings.state / "experiments.lock"
        with exclusive(lock, self._database) as is_ours:
            if not is_ours:
                return
            with self._database.reading() as connection:
                found = running(connection, served.name)
            for each in found:
                try:
                    self._decide_on(served, each)
                except (ValueError, OSError) as error:  # which is that one's alone
                    about = {"experiment": each.served.key, "detail": str(error)}
                    log(logging.ERROR, "experiment not decided", **about)

    def _decide_on(self, served: ServedSystem, found: StoredExperiment) -> None:
        if found.served.kind == "canary":
            if decided(self._database, served.library, found).outcome != GO_ON:
                self._experiments.announce()
        elif found.served.kind == "ab" and self._is_look_due(found):
            self._look(found)

    def _is_look_due(self, found: StoredExperiment) -> bool:
        """Whether the hours between two looks have passed, and there is a metric."""
        every = self._settings.look_hours * _HOUR * 1e6
        if not every or not found.served.design.metrics:
            return False
        key, version = found.served.key, found.served.design.version
        tried = self._tried.get(key, 0)
        with self._database.reading() as connection:
            done = steps(connection, key, version)
        last = max((s.timestamp for s in done if s.step == LOOK), default=found.started)
        return now() - max(last, tried) >= every

    def _look(self, found: StoredExperiment) -> None:
        key = found.served.key
        self._tried[key] = now()
        try:
            look(self._database, found)
        except ValueError as error:
            log(logging.INFO, "no look yet", experiment=key, detail=str(error))

    def _retrain_if_due(self, served: ServedSystem) -> None:
        """Look once a minute whether a system is to learn again, or to go on."""
        if time.monotonic() - self._looked.get(served.name, -_MINUTE) < _MINUTE:
            return
        self._looked[served.name] = time.monotonic()
        work, hours = self._retraining[served.name], self._settings.retrain_hours
        if work.go_on() or not hours:
            return
        if work.is_due(hours, learned_until(served.active.system)) and work.start():
            log(logging.INFO, "learning again", system=served.name)

    def stop(self) -> None:
        """Wait for what was started."""
        self._monitoring.stop()
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
                name = compact_served(served)
            except (OSError, ValueError) as error:
                kind = type(error).__name__
                log(logging.ERROR, "compaction failed", kind=kind, detail=str(error))
            else:
                about = {"system": served.name, "generation": name}
                log(logging.INFO, "items compacted", **about)
