"""The loop: events -> train -> judge -> canary -> watch -> activate, or fall back.

Every step is a row with its reason, stored when it is done. A process that is killed
leaves the steps that were done; whoever comes next goes on after the last of them.
Until the pointer moves the old generation answers, and afterwards the new one: never
neither.

What is learned from is fixed by the first row: the generation that answered, with its
log; the options, seeds among them; and the microsecond until which events had arrived.
So a run can be done once more, to the same bytes (:func:`replay`), as long as no item
was changed and nobody deleted since.

A candidate passes the gate if it is not worse by more than chance (paired tests, level
5%) on what is held out of the newest data, and on what was held out of the first log: a
slice that stays as it is. What the monitor has seen is told beside.
Scores of recommenders are no probabilities: calibration by slice is not asked
(``monitor.gate`` asks it of tables).
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lookalike.core.gate import is_worse
from lookalike.core.library import Library
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.core.spec import SystemSpec
from lookalike.evaluate import Comparison
from lookalike.monitor import GateCheck
from lookalike.service.database import Database
from lookalike.service.database.alarms import monitor_state
from lookalike.service.database.connection import now
from lookalike.service.database.experiments import start, stored
from lookalike.service.database.loop_steps import (
    ACTIVATED,
    BEGUN,
    CANARY,
    FALLEN_BACK,
    JUDGED,
    REFUSED,
    TRAINED,
    WATCHED,
    LoopRun,
    add_step,
    unfinished,
)
from lookalike.service.live_data import live_data, log_of
from lookalike.service.served_experiment import RUNNING, canary

_DAY = 24 * 3_600_000_000
_ON_ITS_WAY = 1.0
"""Seconds for which PostgreSQL is given to commit events that arrived before."""


@dataclass(frozen=True)
class Way:
    """How a generation comes to answer.

    days : of events that are learned from, beside the log; 0 is all
    canary_share : of the requests that it answers at first; 0 is directly
    """

    days: float = 0.0
    canary_share: float = 0.0


class Loop:
    """The loop of one system.

    Parameters
    ----------
    spec : SystemSpec
    library : Library
    database : Database
    way : Way
    """

    def __init__(
        self, spec: SystemSpec, library: Library, database: Database, way: Way
    ) -> None:
        self._spec = spec
        self._library = library
        self._database = database
        self._way = way
        self._data: Any = None
        """What the run learns from, where this process has read it."""

    def run(
        self,
        options: Mapping[str, Any],
        on_progress: ProgressCallback = no_progress,
    ) -> LoopRun:
        """Go on with the run that is not over, or begin one, as far as it goes.

        It ends with a run that is over, or whose canary is watched. Options that are
        given begin a new run; what was not over falls back.
        """
        with self._database.reading() as connection:
            found = unfinished(connection, self._spec.name)
            waits = found is not None and is_watched(connection, found)
        if found is not None and options:
            if waits:
                raise ValueError(
                    f"{self._spec.name} has a canary, of generation "
                    f"{found.details_of(TRAINED)['generation']}: stop it first."
                )
            self._add(found, FALLEN_BACK, "A run with other options was begun.")
            found = None
        on_progress("reading log and events", 0.0)
        run = found or self._begin(options)
        while not run.is_over and not waits:
            run = self._tried(run, on_progress)
            with self._database.reading() as connection:
                waits = is_watched(connection, run)
        return run

    def _tried(self, run: LoopRun, on_progress: ProgressCallback) -> LoopRun:
        """Do the next step; what is wrong with it ends the run, and is told."""
        try:
            return self._next(run, on_progress)
        except Exception as error:
            kind = type(error).__name__
            theirs = isinstance(error, ValueError | OSError | ImportError)
            self._add(run, FALLEN_BACK, f"{error if theirs else kind}")
            raise

    def _next(self, run: LoopRun, on_progress: ProgressCallback) -> LoopRun:
        """Do the step after the last one."""
        if run.last.step == BEGUN:
            return self._train(run, on_progress)
        if run.last.step == TRAINED:
            return self._judge(run, on_progress)
        if run.last.step == JUDGED:
            return self._begin_canary(run)
        if run.last.step == CANARY and run.last.details.get("key"):
            return self._watch(run)
        return self._activate(run)

    # --- the steps --------------------------------------------------------------------

    def _begin(self, options: Mapping[str, Any]) -> LoopRun:
        found, _ = self._library.open()
        answering = self._spec.system_class.load(found, n_jobs=-1)
        chosen = {**answering.configuration(), **options}
        details = {
            "answering": found.folder.name,
            "options": chosen,
            "names": self._library.names(),
        }
        with self._database.writing() as connection:
            # Within the transaction: what SQLite stores later arrives later.
            until = now()
            since = until - int(self._way.days * _DAY) if self._way.days else 0
            run = self._stored(
                *(connection, None, BEGUN),
                f"Generation {found.folder.name} answers; events until now.",
                {**details, "until": until, "since": since},
            )
        if not self._database.is_sqlite:
            time.sleep(_ON_ITS_WAY)
        return run

    def _train(self, run: LoopRun, on_progress: ProgressCallback) -> LoopRun:
        number = self._made_before(run)
        if number is None:
            data = self._read(run)
            on_progress("learning", 0.05)
            served, result = _trained(
                self._spec, run, data, stage_of(on_progress, 0.05, 0.8)
            )
            number = self._library.add(
                lambda place: served.save(place, result), answers=False
            )
        about = self._library.load(number).about
        events = about["data"]["live_events"]["count"]
        return self._add(
            run,
            TRAINED,
            f"Generation {number} learned from the log and {events:,} pairs of events.",
            {"generation": number, "events": events},
        )

    def _made_before(self, run: LoopRun) -> str | None:
        """The generation of a process that was killed before it could say so."""
        begun = run.details_of(BEGUN)
        for number in self._library.names():
            if number in begun["names"]:
                continue
            try:
                about = self._library.load(number).about
            except ValueError:
                continue
            live = about["data"].get("live_events", {})
            if live.get("until") == begun["until"]:
                return number
        return None

    def _judge(self, run: LoopRun, on_progress: ProgressCallback) -> LoopRun:
        on_progress("comparing with what answers", 0.85)
        before = run.details_of(BEGUN)["answering"]
        number = run.details_of(TRAINED)["generation"]
        answering, candidate = (
            self._spec.system_class.load(self._library.load(each), n_jobs=-1)
            for each in (before, number)
        )
        data = self._read(run)
        measured = candidate.before_refit(data)
        if measured is candidate:
            return self._add(
                *(run, FALLEN_BACK),
                f"Items or users changed since generation {number} learned: it is not "
                "judged, and the next run learns anew.",
            )
        compare = self._spec.member("comparison")
        newest = compare(answering, measured, data)
        checks = [_check("newest", newest, before)]
        if self._spec.old_slice is not None and data.live_events["count"]:
            log = log_of(self._spec, candidate.manifest_)
            old = self._spec.member("old_slice")(data, log)
            test = compare(answering, measured.without_held_out(old), old)
            checks.append(_check("old", test, before))
        details = {
            "checks": [asdict(each) for each in checks],
            "difference": newest.difference.value,
            "p_value": newest.p_value,
            "drift": self._drift(before),
        }
        failed = [each for each in checks if not each.passed]
        if not failed:
            told = "; ".join(f"{each.name}: {each.reason}" for each in checks)
            return self._add(run, JUDGED, f"Not worse: {told}.", details)
        worst = failed[0]
        where = "" if worst.name == "newest" else " on what the first log held out"
        return self._add_end(
            *(run, JUDGED, f"Worse: {worst.reason}.", REFUSED),
            f"Generation {number} is worse{where} and does not take over: "
            f"{worst.reason}.",
            details,
        )

    def _drift(self, generation: str) -> dict[str, Any]:
        """What the monitor says moved since the generation took over."""
        with self._database.reading() as connection:
            state = monitor_state(connection, self._spec.name, generation)
        report = state.get("report")
        if report is None:
            return {}
        moved = {name: report["features"][name]["psi"] for name in report["moved"]}
        return {"moved": moved, "joint": report["joint"]}

    def _begin_canary(self, run: LoopRun) -> LoopRun:
        number, share = run.details_of(TRAINED)["generation"], self._way.canary_share
        if not share:
            return self._add(run, CANARY, "No canary: the share of requests is 0.")
        name, key = self._spec.name, f"loop-{run.run[:12]}"
        answering = run.details_of(BEGUN)["answering"]
        new = replace(canary(key, name, number, share=share), answering=answering)
        try:
            with self._database.writing() as connection:  # both rows, or neither
                start(connection, new)
                told = f"Generation {number} answers {share:.0%} of the requests."
                return self._stored(connection, run, CANARY, told, {"key": key})
        except ValueError as error:
            return self._add(run, FALLEN_BACK, f"No canary can begin: {error}")

    def _watch(self, run: LoopRun) -> LoopRun:
        number, key = run.details_of(TRAINED)["generation"], run.last.details["key"]
        with self._database.reading() as connection:
            found = next(iter(stored(connection, key)), None)
        state = "stopped" if found is None else found.state
        reason = "Its row is gone." if found is None else found.reason
        seen = f"The canary {state}: {reason}"
        if state == "passed":
            return self._add(run, WATCHED, seen)
        told = f"Generation {number} does not take over: its canary {state}. {reason}"
        return self._add_end(run, WATCHED, seen, FALLEN_BACK, told)

    def _activate(self, run: LoopRun) -> LoopRun:
        before = run.details_of(BEGUN)["answering"]
        number = run.details_of(TRAINED)["generation"]
        current = self._library.current()
        if current not in (before, number):
            return self._add(
                *(run, FALLEN_BACK),
                f"Generation {number} does not take over: meanwhile {current} was "
                "activated.",
            )
        if current != number:
            self._library.activate(number)
        judged = run.details_of(JUDGED)
        how = judged["checks"][0]["reason"]
        return self._add(run, ACTIVATED, f"Generation {number} answers: {how}.")

    # --- inside -----------------------------------------------------------------------

    def _read(self, run: LoopRun) -> Any:
        if self._data is None:
            self._data = data_of(self._spec, self._library, self._database, run)
        return self._data

    def _add(
        self,
        run: LoopRun,
        step: str,
        reason: str,
        details: Mapping[str, Any] | None = None,
    ) -> LoopRun:
        with self._database.writing() as connection:
            return self._stored(connection, run, step, reason, details or {})

    def _add_end(
        self,
        run: LoopRun,
        step: str,
        reason: str,
        last: str,
        why: str,
        details: Mapping[str, Any] | None = None,
    ) -> LoopRun:
        """Add a step that ends the run, and the end.

        Both rows, or neither: a run that was killed in between would go on as if the
        step had ended well.
        """
        with self._database.writing() as connection:
            run = self._stored(connection, run, step, reason, details or {})
            return self._stored(connection, run, last, why, {})

    def _stored(
        self,
        connection: Any,
        run: LoopRun | None,
        step: str,
        reason: str,
        details: Mapping[str, Any],
    ) -> LoopRun:
        new = {
            "run": uuid.uuid4().hex if run is None else run.run,
            "system": self._spec.name,
            "step": step,
            "reason": reason,
            "details": dict(details),
        }
        return add_step(connection, run, new)


def is_watched(connection: Any, run: LoopRun) -> bool:
    """Whether a run waits for its canary."""
    if run.last.step != CANARY or not run.last.details.get("key"):
        return False
    found = stored(connection, run.last.details["key"])
    return bool(found) and found[0].state == RUNNING


def data_of(
    spec: SystemSpec, library: Library, database: Database, run: LoopRun
) -> Any:
    """Return what a run learns from."""
    begun = run.details_of(BEGUN)
    found = library.load(begun["answering"])
    learned = spec.system_class.load(found).manifest_
    return live_data(spec, learned, database, begun["until"], begun["since"])


def replay(
    spec: SystemSpec, library: Library, database: Database, run: LoopRun, folder: Path
) -> list[str]:
    """Learn a run's generation again, into a folder; return the files that differ.

    The text of ``system.json`` has times in it, and is left out: its checksums of the
    other files are compared by comparing these.

    Raises
    ------
    ValueError
        If the run made no generation, or that or the one before is not there.
    """
    number = run.details_of(TRAINED).get("generation")
    if number is None:
        raise ValueError(f"The run {run.run} made no generation.")
    there = library.load(number).folder
    data = data_of(spec, library, database, run)
    served, result = _trained(spec, run, data, no_progress)
    here = folder / number
    served.save(here, result)
    names = sorted({path.name for place in (here, there) for path in place.iterdir()})
    return [
        name
        for name in names
        if name != "system.json"
        and not (
            (here / name).exists()
            and (there / name).exists()
            and (here / name).read_bytes() == (there / name).read_bytes()
        )
    ]


def _trained(
    spec: SystemSpec, run: LoopRun, data: Any, on_progress: ProgressCallback
) -> tuple[Any, Any]:
    system = spec.new(run.details_of(BEGUN)["options"], n_jobs=-1)
    served, result = spec.train(system, data, on_progress)
    return served, result


def _check(name: str, test: Comparison, before: str) -> GateCheck:
    gain = test.difference
    beside = f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
    reason = f"nDCG at 10 against generation {before} {beside}, p = {test.p_value:.2g}"
    return GateCheck(name, not is_worse(test), reason)
