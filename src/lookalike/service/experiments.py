"""The experiments of a service: which generation answers a request, and what is logged.

Assignment is a hash (see ``experiment.assignment``), so that a worker asks nobody. What
runs is read again whenever the rows change, and the generations of the variants are
loaded before they are used. Who saw which variant is written when the answer is given,
whether or not anybody looks at it.
"""

import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from lookalike.experiment import assign
from lookalike.service.answering import Answered, AnswerRequest
from lookalike.service.change_signal import ChangeSignal
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.experiments import (
    end,
    running,
    store_assignments,
)
from lookalike.service.database.writer import Writer
from lookalike.service.errors import without_paths
from lookalike.service.exposures import RowLog
from lookalike.service.logs import log
from lookalike.service.metrics import Metrics
from lookalike.service.runtime import ServedSystem
from lookalike.service.served_experiment import ServedExperiment
from lookalike.service.shadowing import Compared, Shadows, compared
from lookalike.service.variants import Variants

_LOOK_AGAIN = 5.0  # seconds after which rows are read though nobody announced a change
_INTERLEAVED = ("search", "recommend", "history", "similar")
"""Verbs whose answers are lists of items."""
_NOT_COUNTED = ("explain", "explain_item")
"""Verbs that an experiment says the generation of, and whose answers are not logged."""


@dataclass(frozen=True)
class Choice:
    """Which variant answers a request.

    variant : of the unit
    unit : a user, a session, or a number of this request alone
    served : what answers
    forced : whether the request named the variant: it is not part of the analysis
    """

    experiment: ServedExperiment
    variant: str
    unit: str
    served: ServedSystem
    forced: bool = False

    def document(self) -> dict[str, Any]:
        """Return what an answer says of it."""
        design = self.experiment.design
        found = {"key": design.key, "version": design.version, "variant": self.variant}
        return {**found, "forced": True} if self.forced else found


class Experiments:
    """What runs in this process.

    Parameters
    ----------
    served : mapping of str to ServedSystem
    variants : mapping of str to Variants
        By the name of the system, like those.
    database, writer, metrics, signal
        Of the service.
    """

    def __init__(
        self,
        served: Mapping[str, ServedSystem],
        variants: Mapping[str, Variants],
        database: Database,
        writer: Writer,
        metrics: Metrics,
        signal: ChangeSignal,
    ) -> None:
        self._served = served
        self._variants = variants
        self._database = database
        self._signal = signal
        self._log = RowLog(database, writer, metrics, store_assignments)
        self._running: dict[str, tuple[ServedExperiment, ...]] = {}
        self._seen = b""
        self._read_at = -_LOOK_AGAIN
        self._shadows = Shadows()

    # --- what runs --------------------------------------------------------------------

    def refresh(self, anew: bool = False) -> None:
        """Read what runs, if it may have changed, and load what it needs."""
        version, clock = self._signal.version(), time.monotonic()
        is_known = version == self._seen and clock - self._read_at < _LOOK_AGAIN
        if is_known and not anew:
            return
        with self._database.reading() as connection:
            found = [each.served for each in running(connection)]
        self._seen, self._read_at = version, clock
        for system, variants in self._variants.items():
            own = tuple(each for each in found if each.system == system)
            if not own and not self._running.get(system):
                continue
            wanted = {n for each in own for n in each.generations.values()}
            # What is no longer wanted ends after nothing asks for it any more.
            problems = variants.keep(wanted | self._in_use(system))
            self._running[system] = tuple(
                each
                for each in own
                if problems.keys().isdisjoint(each.generations.values())
            )
            variants.keep(wanted)
            for each in own:
                self._give_up(each, problems)

    def _in_use(self, system: str) -> set[str]:
        before = self._running.get(system, ())
        return {n for each in before for n in each.generations.values()}

    def _give_up(self, which: ServedExperiment, problems: Mapping[str, str]) -> None:
        """End an experiment of which a generation cannot answer."""
        broken = [n for n in which.generations.values() if n in problems]
        if not broken:
            return
        told = without_paths(problems[broken[0]])
        reason = f"Generation {broken[0]} cannot answer: {told}"
        with suppress(LookupError), self._database.writing() as connection:
            end(connection, which.key, "aborted", reason)
            log(logging.ERROR, "experiment aborted", experiment=which.key)

    def announce(self) -> None:
        """Let every worker read what runs, this one at once."""
        self._signal.notify()
        self.refresh(anew=True)

    def watch(self) -> None:
        """Take up what changed."""
        self.refresh()
        for variants in self._variants.values():
            variants.watch()

    def stop(self) -> None:
        """Let all variants finish."""
        for variants in self._variants.values():
            variants.stop()

    def variants(self) -> list[ServedSystem]:
        """Return the generations that answer beside the current ones."""
        return [each for of in self._variants.values() for each in of.served()]

    @property
    def any_run(self) -> bool:
        """Whether any experiment runs."""
        return any(self._running.values())

    def of(self, system: str) -> tuple[ServedExperiment, ...]:
        """Return what runs on a system."""
        return self._running.get(system, ())

    # --- one request ------------------------------------------------------------------

    def choose(
        self,
        served: ServedSystem,
        verb: str,
        user: str | None,
        session: str | None,
        forced: str | None = None,
    ) -> Choice | None:
        """Return the variant of a request; None if it is in no experiment.

        user, session : as the request names them
        forced : "key:variant", for whoever wants to see a variant

        Raises
        ------
        ValueError
            If there is no such experiment or variant.
        """
        found = self._running.get(served.name, ())
        if forced is not None:
            return self._forced(served, found, forced)
        for each in found:
            if each.kind == "shadow":
                continue
            if each.kind == "interleaving" and verb not in _INTERLEAVED:
                continue
            unit = _unit(each, user, session)
            variant = None if unit is None else assign(each.design, unit)
            if variant is not None and unit is not None:
                answers = self._answers(served, each, variant)
                if answers is not None:
                    return Choice(each, variant, unit, answers)
        return None

    def _answers(
        self, served: ServedSystem, which: ServedExperiment, variant: str
    ) -> ServedSystem | None:
        generation = which.generations.get(variant)
        if generation is None:
            return served
        return self._variants[served.name].get(generation)

    def _forced(
        self, served: ServedSystem, found: Sequence[ServedExperiment], forced: str
    ) -> Choice:
        key, _, variant = forced.rpartition(":")
        for each in found:
            if each.key == key and variant in each.design.variants:
                answers = self._answers(served, each, variant)
                if answers is not None:
                    return Choice(each, variant, "", answers, forced=True)
        names = [f"{e.key}:{v}" for e in found for v in e.design.variants]
        raise ValueError(
            f"variant must be one of {', '.join(names)}; got {forced!r}."
            if names
            else f"No experiment runs on {served.name}: leave variant out."
        )

    def sides(self, choice: Choice) -> tuple[ServedSystem, ServedSystem] | None:
        """Return what answers for the variants of an interleaving, in their order.

        None while one of them is not loaded.
        """
        which = choice.experiment
        served = self._served[which.system]
        first, second = (
            self._answers(served, which, variant) for variant in which.design.variants
        )
        return None if first is None or second is None else (first, second)

    # --- what is logged ---------------------------------------------------------------

    def record(self, choice: Choice, found: Answered, query_ids: Sequence[str]) -> None:
        """Have it stored who saw which variant, one row a list."""
        if choice.forced:
            return
        at = now()

        def rows() -> list[dict[str, Any]]:  # in the writer's thread
            details = found.details or [{}] * len(query_ids)
            generation, took = found.active.generation, found.milliseconds
            return [
                _row(choice, id, at, generation, took, details=each)
                for id, each in zip(query_ids, details, strict=True)
            ]

        self._log.add(rows)

    def record_failed(
        self, choice: Choice, request: AnswerRequest, milliseconds: float
    ) -> None:
        """Have it stored that a variant could not answer."""
        if choice.forced or request.verb in _NOT_COUNTED:
            return
        generation = choice.experiment.generations.get(choice.variant, "")
        row = _row(choice, new_unit(), now(), generation, milliseconds, failed=True)
        self._log.add(lambda: [row])

    # --- shadows ----------------------------------------------------------------------

    def shadow(
        self,
        served: ServedSystem,
        request: AnswerRequest,
        found: Answered,
        deadline: float,
    ) -> None:
        """Have a request answered a second time, if it is to be, and compare later."""
        if request.verb in _NOT_COUNTED:
            return
        for each in self._running.get(served.name, ()):
            if each.kind != "shadow" or self._shadows.is_full:
                continue
            unit = new_unit()
            answers = self._answers(served, each, each.treatment)
            if answers is None or assign(each.design, unit) is None:
                continue
            choice = Choice(each, each.treatment, unit, answers)
            self._shadows.add(
                compared(answers, request, found, deadline),
                partial(self._record_compared, choice),
            )

    def _record_compared(self, choice: Choice, found: Compared) -> None:
        """Have it stored how a shadow's answer differs, or that it failed."""
        at = now()
        failed = found.details is None
        row = (choice, choice.unit, at, found.generation, found.milliseconds)
        self._log.add(lambda: [_row(*row, failed=failed, details=found.details)])


def new_unit() -> str:
    """Return the unit of a request that is one by itself."""
    return f"{random.getrandbits(128):032x}"


def _unit(which: ServedExperiment, user: str | None, session: str | None) -> str | None:
    if which.design.unit == "query":
        return new_unit()
    return (user if which.design.unit == "user" else session) or None


def _row(
    choice: Choice,
    query_id: str,
    at: int,
    generation: str,
    milliseconds: float,
    failed: bool = False,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    design = choice.experiment.design
    return {
        "query_id": query_id,
        "experiment": design.key,
        "version": design.version,
        "variant": choice.variant,
        "unit": choice.unit,
        "generation": generation,
        "milliseconds": milliseconds,
        "failed": failed,
        "details": json.dumps(details or {}, allow_nan=False),
        "timestamp": at,
    }
