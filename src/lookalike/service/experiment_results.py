"""What an experiment says so far, for people: by its kind.

An A/B test is looked at, and each look is a row, since what a sequential method says
depends on the looks before. To read what the last look said costs nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy.engine import Connection

from lookalike.evaluate import bootstrap
from lookalike.experiment import Interleaved, Look, analyse, credit, preference
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.experiments import (
    Step,
    StoredExperiment,
    add_step,
    answers_by_variant,
    askers,
    assignments,
    clicks,
    steps,
)
from lookalike.service.experiment_units import units_of
from lookalike.service.served_experiment import RUNNING, ServedExperiment

LOOK = "look"
"""The step that a look at an A/B test is."""
_COUNTS = ("lists", "failed", "slow")
_COMPARED = ("overlap", "same_first", "score", "milliseconds", "shown_milliseconds")


def look(database: Database, found: StoredExperiment) -> dict[str, Any]:
    """Look at an A/B test, and write down what was seen.

    Raises
    ------
    ValueError
        If there is nothing to be seen yet: no metric, a variant without a unit, or a
        metric whose events never came.
    """
    which = found.served
    if which.kind != "ab":
        raise ValueError(
            f"{which.key} is of the kind {which.kind}, which is read without a look."
        )
    if not which.design.metrics:
        raise ValueError(f"{which.key} has no metrics: there is nothing to look at.")
    if found.state != RUNNING:
        raise ValueError(f"{which.key} has ended: {found.reason}")
    with database.reading() as connection:  # of all events: nobody waits for it
        units = units_of(connection, which)
    with database.writing() as connection:
        before = _looks(steps(connection, which.key, which.design.version), len(units))
        analysis = analyse(which.design, units, now() / 1e6, before)
        document = analysis.to_json()
        told = " ".join(
            f"{name}: {verdict}" for name, verdict in analysis.verdicts.items()
        )
        details = {**document, "state": analysis.looks[-1].to_json()}
        version = which.design.version
        add_step(connection, which.key, version, LOOK, told, details)
    return document


def _looks(done: Sequence[Step], most: int) -> list[Look]:
    """The looks before; units that were deleted since have not been seen."""
    looks = [Look(**each.details["state"]) for each in done if each.step == LOOK]
    return [replace(each, units=min(each.units, most)) for each in looks]


def result(connection: Connection, which: ServedExperiment) -> dict[str, Any]:
    """Return what is known of an experiment, by its kind, ready for JSON."""
    version = which.design.version
    seen = answers_by_variant(connection, which.key, version, which.slow_ms)
    answers = {
        name: dict(zip(_COUNTS, seen.get(name, (0, 0, 0)), strict=True))
        for name in which.design.variants
    }
    if which.kind == "interleaving":
        return {"answers": answers, **_preference(connection, which)}
    if which.kind == "shadow":
        return {"answers": answers, **_differences(connection, which)}
    if which.kind == "canary":
        assert which.plan is not None
        return {"answers": answers, "requests": which.plan.requests}
    done = [s for s in steps(connection, which.key, version) if s.step == LOOK]
    return {
        "answers": answers,
        "looks": [{**s.details, "at": s.timestamp} for s in done],
    }


def _preference(connection: Connection, which: ServedExperiment) -> dict[str, Any]:
    """Which of two rankers gets the clicks: who clicks has one vote."""
    clicked = clicks(connection, which.key, which.design.version)
    asker = askers(connection, which.key, which.design.version)
    votes: dict[str, int] = {}
    for row in assignments(connection, which.key, which.design.version):
        teams = json.loads(row["details"]).get("teams", [])
        positions = [at for at in clicked.get(row["query_id"], ()) if at < len(teams)]
        if teams and positions:
            shown = Interleaved(tuple(range(len(teams))), tuple(teams))
            who = asker.get(row["query_id"], row["unit"])
            votes[who] = votes.get(who, 0) + credit(shown, positions)
    if not any(votes.values()):
        return {"preference": None}
    found = preference(np.sign(list(votes.values())))
    first, second = which.design.variants
    return {
        "preference": {
            "of": first,
            "share": found.share.value,
            "low": found.share.low,
            "high": found.share.high,
            "wins": {first: found.wins, second: found.losses},
            "ties": found.ties,
            "p_value": found.p_value,
        }
    }


def _differences(connection: Connection, which: ServedExperiment) -> dict[str, Any]:
    """How a shadow's answers differ from those that were shown, by verb."""
    by_verb: dict[str, list[dict[str, Any]]] = {}
    for row in assignments(connection, which.key, which.design.version):
        if not row["failed"]:
            details = json.loads(row["details"])
            each = {**details, "milliseconds": row["milliseconds"]}
            by_verb.setdefault(details["verb"], []).append(each)
    return {"differences": {verb: _means(rows) for verb, rows in by_verb.items()}}


def _means(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"requests": len(rows)}
    for name in (
        "overlap",
        "same_first",
        "score",
        "milliseconds",
        "shown_milliseconds",
    ):
        values = np.array([row[name] for row in rows if row[name] is not None])
        if len(values):
            mean = bootstrap(np.mean, values)
            found[name] = {"mean": mean.value, "low": mean.low, "high": mean.high}
    return found


def document(connection: Connection, found: StoredExperiment) -> dict[str, Any]:
    """Return an experiment, every step of it, and what was seen, ready for JSON."""
    which = found.served
    done = steps(connection, which.key, which.design.version)
    told = [{"step": s.step, "reason": s.reason, "at": s.timestamp} for s in done]
    return {**about(found), "steps": told, **result(connection, which)}


def about(found: StoredExperiment) -> dict[str, Any]:
    """Return what an experiment is, ready for JSON; times in microseconds."""
    which = found.served
    design = which.design
    variants = [
        {"name": name, "weight": weight, "generation": which.generations.get(name)}
        for name, weight in zip(design.variants, design.shares, strict=True)
    ]
    return {
        "key": which.key,
        "version": design.version,
        "system": which.system,
        "kind": which.kind,
        "state": found.state,
        "reason": found.reason,
        "started": found.started,
        "ended": found.ended,
        "unit": design.unit,
        "coverage": design.coverage,
        "variants": variants,
        "metrics": [metric.name for metric in design.metrics],
    }
