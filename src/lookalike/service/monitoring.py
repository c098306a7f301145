"""Monitoring of what a service shows: looks for drift, alarms, and who is told.

Of several workers the one that gets the lock looks. A look ends in one transaction with
its alarms and what the monitor knows from then on: one that is cut short is made again.
"""

import logging
import threading
import time
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from lookalike.core.spec import SystemSpec
from lookalike.service.database import Database
from lookalike.service.database.alarms import (
    Alarm,
    keep_state,
    monitor_state,
    raise_alarms,
)
from lookalike.service.database.connection import now
from lookalike.service.drift import (
    Budgeted,
    Moved,
    checked,
    compare_features,
    estimated,
    new_detectors,
    scores_of,
    watch_rate,
)
from lookalike.service.locks import exclusive
from lookalike.service.logs import log
from lookalike.service.metrics import Metrics
from lookalike.service.runtime import Active, ServedSystem
from lookalike.service.settings import Settings
from lookalike.service.watched_lists import (
    Watched,
    first_shown,
    read_window,
    verb_of,
)
from lookalike.service.webhook import deliver_waiting

LEAST = 200
"""Lists of a window."""
_HOUR = 3_600_000_000
_MINUTE = 60.0


class Monitoring:
    """The looks of one worker, in a thread of its own."""

    def __init__(self, settings: Settings, database: Database, metrics: Metrics):
        self._settings = settings
        self._database = database
        self._metrics = metrics
        self._looked: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def run_due(self, served: ServedSystem) -> None:
        """Look once a minute whether a window is over, or an alarm not delivered."""
        hours = self._settings.drift_hours
        if not hours and not self._settings.alarm_webhook:
            return
        every = min(_MINUTE, hours * 3600 / 4) if hours else _MINUTE
        if time.monotonic() - self._looked.get(served.name, -every) < every:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._looked[served.name] = time.monotonic()
        self._thread = threading.Thread(
            target=self._work, args=(served.spec, served.active), name="monitor"
        )
        self._thread.start()

    def stop(self) -> None:
        """Wait for what was started."""
        if self._thread is not None:
            self._thread.join()

    def _work(self, spec: SystemSpec, active: Active) -> None:
        lock = self._settings.state / "monitor.lock"
        with exclusive(lock, self._database) as is_ours:
            if not is_ours:
                return
            try:
                if self._settings.drift_hours:
                    self._look(spec, active)
                if self._settings.alarm_webhook:
                    deliver_waiting(self._database, self._settings.alarm_webhook)
            except (ValueError, OSError, SQLAlchemyError) as error:
                kind = type(error).__name__
                log(logging.ERROR, "monitoring failed", system=spec.name, kind=kind)

    def _look(self, spec: SystemSpec, active: Active) -> None:
        settings = self._settings
        budget = Budgeted(settings.alarm_budget, settings.drift_hours)
        for each in look(self._database, spec, active, budget, settings.label_hours):
            self._metrics.alarms.labels(each.system, each.kind).inc()
            about = {"system": each.system, "generation": each.generation}
            about |= {"kind": each.kind, "subject": each.subject}
            log(logging.WARNING, "alarm", **about, detail=each.sentence)


def look(
    database: Database,
    spec: SystemSpec,
    active: Active,
    budget: Budgeted,
    label_hours: float,
    moment: int | None = None,
) -> list[Alarm]:
    """Do what is due for the generation that answers; return the alarms that are new.

    moment : microseconds since 1970, now by default

    Cost: at most twice ``watched_lists.MOST`` lists, once in ``budget.hours``; between
    looks a row of the database.
    """
    verb = verb_of(spec)
    if verb is None:
        return []
    moment = now() if moment is None else moment
    monitor = _Monitor(database, spec, verb, active, budget, label_hours, moment)
    with database.reading() as connection:
        monitor.state = monitor_state(connection, spec.name, active.generation)
    before = repr(monitor.state)
    monitor.look()
    if repr(monitor.state) == before and not monitor.moved:
        return []
    found = [Alarm(spec.name, active.generation, *each) for each in monitor.moved]
    with database.writing() as connection:
        new = raise_alarms(connection, found)
        about = spec.name, active.generation, monitor.state
        keep_state(database, connection, *about)
    return new


class _Monitor:
    """One look at one generation.

    state : "reference" with its bounds; "looked", where the last window ended;
        "unlabelled", windows of which it is not known yet what was done; "detectors",
        "report"
    moved : what the alarms are about
    """

    def __init__(
        self,
        database: Database,
        spec: SystemSpec,
        verb: str,
        active: Active,
        budget: Budgeted,
        label_hours: float,
        moment: int,
    ) -> None:
        self._where = database, spec.name, verb, active.generation
        self._names = list(getattr(active.system, "feature_names", ()))
        self._budget = budget
        self._delay = int(label_hours * _HOUR)
        self._hours = int(budget.hours * _HOUR)
        self._moment = moment
        self.state: dict[str, Any] = {}
        self.moved: list[Moved] = []

    def look(self) -> None:
        """Find a reference, then compare what is due with it."""
        if "reference" not in self.state:
            self._find_reference()
            return
        over = self._moment - self.state["looked"] >= self._hours
        matured = self._matured()
        is_due = "detectors" not in self.state and self._is_known(
            self.state["reference"]["until"]
        )
        if not over and not matured and not is_due:
            return
        reference = self._window(self.state["reference"])
        if len(reference) < min(LEAST, self.state["reference"]["lists"]):
            # Deleted by now: the oldest window that is kept takes its place.
            self.state = {}
            self._find_reference()
            return
        if is_due:
            span = self.state["reference"]["until"] - self.state["reference"]["since"]
            hours = span / _HOUR
            self.state["detectors"] = new_detectors(reference, hours, self._budget)
        if over:
            self._compare(reference)
        for window in matured:
            self._check(reference, window)

    def _find_reference(self) -> None:
        first = first_shown(*self._where)
        if first is None:
            return
        until = first + self._hours
        while until <= self._moment:
            lists = len(self._window({"since": first, "until": until}))
            if lists >= LEAST:
                about = {"since": first, "until": until, "lists": lists}
                self.state = {"reference": about, "looked": until, "unlabelled": []}
                return
            if until == self._moment:
                return
            # Few lists a day: as long as it takes, at once where that is long ago.
            until = min(2 * until - first, self._moment)

    def _compare(self, reference: Watched) -> None:
        window = {"since": self.state["looked"], "until": self._moment}
        now = self._window(window)
        if len(now) < LEAST:
            return  # it goes on until there are enough
        window["lists"] = len(now)
        report, moved = compare_features(reference, now, self._names, self._budget)
        self.moved += moved
        scores = scores_of(reference)
        if scores is not None:
            quality, moved = estimated(scores, now, self._budget)
            self.moved += moved
            if quality:
                report["quality"] = window["quality"] = quality
        self.state["report"] = {
            "window": {n: window[n] for n in ("since", "until", "lists")},
            "level": self._budget.level,
            **report,
        }
        self.state["looked"] = self._moment
        self.state["unlabelled"].append(window)

    def _check(self, reference: Watched, window: dict[str, Any]) -> None:
        """Look at a window again, now that it is known what was done with its lists."""
        self.state["unlabelled"].remove(window)
        now = self._window(window)
        if not len(now):
            return
        told: dict[str, Any] = {
            "window": {n: window[n] for n in ("since", "until", "lists")},
            "rate": float(now.acted.mean()),
            "rate_reference": float(reference.acted.mean()),
        }
        if self.state.get("detectors"):
            self.moved += watch_rate(self.state["detectors"], now.acted)
        scores = scores_of(reference)
        if scores is not None and "quality" in window:
            quality, moved = checked(
                *(scores, window["quality"], reference, now, self._budget)
            )
            self.moved += moved
            told["quality"] = quality
        self.state["outcomes"] = told

    def _matured(self) -> list[dict[str, Any]]:
        """Windows whose labels have come: those of the reference came before them."""
        windows = self.state["unlabelled"]
        return [each for each in windows if self._is_known(each["until"])]

    def _is_known(self, until: int) -> bool:
        """Whether it is known what was done with lists shown until then."""
        return until + self._delay <= self._moment

    def _window(self, bounds: dict[str, Any]) -> Watched:
        return read_window(*self._where, bounds["since"], bounds["until"])
