"""Canaries of a running service: counted, decided, and ended by themselves.

A canary's generation never was the one that answers: a share of the requests goes to
it. So to abort it is to send nothing there any more, and what answered goes on. To pass
is to move the pointer, and only then to write that it has passed: a process that is
killed in between decides the same once more.
"""

import logging

from lookalike.core.library import Library
from lookalike.monitor.canary import (
    ABORT,
    GO_ON,
    INCONCLUSIVE,
    PASS,
    CanaryCounts,
    CanaryDecision,
    decide_canary,
)
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.experiments import (
    StoredExperiment,
    answers_by_variant,
    end,
    only_running,
)
from lookalike.service.logs import log

_STATES = {PASS: "passed", ABORT: "aborted", INCONCLUSIVE: "inconclusive"}
"""The state of the row once it is decided."""


def decided(
    database: Database, library: Library, found: StoredExperiment
) -> CanaryDecision:
    """Decide what to do with a canary now, and do it.

    Returns
    -------
    CanaryDecision
        "go on" while nothing is to be done.
    """
    which = found.served
    decision = _decision(database, found)
    answers, own = library.current(), which.generations[which.treatment]
    if which.answering is not None and answers not in (which.answering, own):
        told = f"generation {answers} answers meanwhile: somebody moved the pointer"
        decision = CanaryDecision(INCONCLUSIVE, told)
    if decision.outcome == GO_ON:
        return decision
    try:
        if decision.outcome == PASS:
            with database.reading() as connection:  # nobody has stopped it
                only_running(connection, which.key)
            library.activate(own)
        with database.writing() as connection:
            end(connection, which.key, _STATES[decision.outcome], f"{decision.reason}.")
    except LookupError:
        return CanaryDecision(GO_ON, "it was stopped")
    about = {"experiment": which.key, "system": which.system}
    log(logging.INFO, f"canary {_STATES[decision.outcome]}", **about)
    return decision


def _decision(database: Database, found: StoredExperiment) -> CanaryDecision:
    which = found.served
    assert which.plan is not None
    with database.reading() as connection:
        version = which.design.version
        about = which.key, version, which.slow_ms
        seen = answers_by_variant(connection, *about, of_requests=True)
    none = (0, 0, 0)
    control, errors, slow = seen.get(which.design.control, none)
    canary, canary_errors, canary_slow = seen.get(which.treatment, none)
    counts = CanaryCounts(
        canary,
        control,
        {"errors": canary_errors, "slow": canary_slow},
        {"errors": errors, "slow": slow},
        max(0.0, (now() - found.started) / 1e6),
    )
    return decide_canary(which.plan, counts)
