"""Experiments as rows: what runs, every step with its reason, who saw which variant."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._event_weights import event_weight
from lookalike.experiment import check_change, check_layers
from lookalike.service.database.connection import Database, now
from lookalike.service.database.events import not_erased
from lookalike.service.database.mentions import ids_of
from lookalike.service.database.tables import (
    events,
    experiment_exposures,
    experiment_steps,
    experiments,
    exposures,
)
from lookalike.service.served_experiment import RUNNING, ServedExperiment


@dataclass(frozen=True)
class StoredExperiment:
    """An experiment as its row has it.

    state : "running", "stopped", "replaced", "passed", "aborted" or "inconclusive"
    reason : why it is in this state
    started, ended : microseconds since 1970
    """

    served: ServedExperiment
    state: str
    reason: str
    started: int
    ended: int | None


@dataclass(frozen=True)
class Step:
    """Something that was done with an experiment, and why.

    details : what a look has seen
    """

    step: str
    reason: str
    timestamp: int
    details: dict[str, Any]


def start(connection: Connection, new: ServedExperiment) -> None:
    """Let an experiment run; an earlier version of it ends.

    Raises
    ------
    ValueError
        If it exists already, or if units would be in two experiments of its system.
    """
    design = new.design
    versions = stored(connection, new.key)
    latest = max((each.served.design.version for each in versions), default=0)
    if design.version <= latest:
        raise ValueError(
            f"the experiment {new.key} has a version {latest} already: start version "
            f"{latest + 1}, which draws all units anew."
        )
    others = [
        each.served
        for each in running(connection, new.system)
        if each.served.key != new.key
    ]
    _check_beside(new, others)
    for each in versions:
        if each.served.system != new.system:
            raise ValueError(
                f"the experiment {new.key} is of {each.served.system}, got "
                f"{new.system}: choose another key."
            )
        if each.state == RUNNING:
            why = f"Version {design.version} was started."
            end(connection, new.key, "replaced", why)
    connection.execute(
        sa.insert(experiments).values(
            name=new.key,
            version=design.version,
            system=new.system,
            kind=new.kind,
            definition=new.to_json(),
            state=RUNNING,
            reason="",
            started=now(),
        )
    )
    add_step(connection, new.key, design.version, "started", _told(new))


def _check_beside(new: ServedExperiment, others: Sequence[ServedExperiment]) -> None:
    if new.kind == "shadow":  # which is shown to nobody
        others = [each for each in others if each.kind == "shadow"]
        if others:
            raise ValueError(
                f"{new.system} has the shadow {others[0].key}: one at a time."
            )
        return
    others = [each for each in others if each.kind != "shadow"]
    for each in others:
        if each.design.unit != new.design.unit:
            raise ValueError(
                f"experiments of one system must have the same unit, since a request "
                f"may be of several: {each.key} has {each.design.unit}, got "
                f"{new.design.unit}."
            )
        if each.design.layer != new.design.layer:
            raise ValueError(
                f"experiments of one system must be of one layer, since each says "
                f"which generation answers: {each.key} of {new.system} is of "
                f"{each.design.layer}, got {new.design.layer}."
            )
    check_layers([each.design for each in (*others, new)])


def _told(new: ServedExperiment) -> str:
    if new.kind == "shadow":
        return (
            f"Generation {new.generations[new.treatment]} of {new.system} answers "
            f"{new.design.coverage:.0%} of the requests a second time."
        )
    parts = []
    for variant, weight in zip(new.design.variants, new.design.shares, strict=True):
        number = new.generations.get(variant)
        which = "" if number is None else f" (generation {number})"
        parts.append(f"{variant} {weight:.0%}{which}")
    return f"{new.kind} of {new.system}: {', '.join(parts)}."


def ramp(connection: Connection, key: str, coverage: float) -> None:
    """Raise the coverage of a running experiment, which moves nobody.

    Raises
    ------
    LookupError, ValueError
        If none of this key runs, or the coverage falls.
    """
    before = only_running(connection, key).served
    design = before.design.ramped(coverage)
    check_change(before.design, design)
    after = replace(before, design=design)
    _update(connection, before, definition=after.to_json())
    told = f"Coverage {before.design.coverage:g} to {coverage:g}."
    add_step(connection, key, design.version, "ramped", told)


def end(connection: Connection, key: str, state: str, reason: str) -> ServedExperiment:
    """End a running experiment, and return it.

    Raises
    ------
    LookupError
        If none of this key runs.
    """
    found = only_running(connection, key).served
    _update(connection, found, state=state, reason=reason, ended=now())
    add_step(connection, key, found.design.version, state, reason)
    return found


def _update(connection: Connection, which: ServedExperiment, **values: Any) -> None:
    mine = experiments.c.name == which.key
    mine &= experiments.c.version == which.design.version
    connection.execute(sa.update(experiments).where(mine).values(**values))


def only_running(connection: Connection, key: str) -> StoredExperiment:
    """Return the version of an experiment that runs.

    Raises
    ------
    LookupError
        If there is none.
    """
    for each in stored(connection, key):
        if each.state == RUNNING:
            return each
    raise LookupError(f"There is no running experiment {key!r}.")


def running(
    connection: Connection, system: str | None = None
) -> list[StoredExperiment]:
    """Return the experiments that run, of one system or of all."""
    return [
        each
        for each in _found(connection, experiments.c.state == RUNNING)
        if system in (None, each.served.system)
    ]


def stored(connection: Connection, key: str | None = None) -> list[StoredExperiment]:
    """Return every version of an experiment, or of all, the latest first."""
    mine = sa.true() if key is None else experiments.c.name == key
    return _found(connection, mine)


def _found(connection: Connection, mine: Any) -> list[StoredExperiment]:
    c = experiments.c
    query = sa.select(experiments).where(mine).order_by(c.started.desc(), c.name)
    return [
        StoredExperiment(
            ServedExperiment.from_json(row.definition),
            *(row.state, row.reason, row.started, row.ended),
        )
        for row in connection.execute(query)
    ]


# --- steps ----------------------------------------------------------------------------


def add_step(
    connection: Connection,
    key: str,
    version: int,
    step: str,
    reason: str,
    details: dict[str, Any] | None = None,
) -> None:
    """Write what was done with an experiment."""
    c = experiment_steps.c
    mine = (c.experiment == key) & (c.version == version)
    last = connection.execute(sa.select(sa.func.max(c.number)).where(mine))
    connection.execute(
        sa.insert(experiment_steps).values(
            experiment=key,
            version=version,
            number=(last.scalar_one() or 0) + 1,
            step=step,
            reason=reason,
            details=json.dumps(details or {}, allow_nan=False),
            timestamp=now(),
        )
    )


def steps(connection: Connection, key: str, version: int) -> list[Step]:
    """Return what was done with an experiment, in order."""
    c = experiment_steps.c
    mine = (c.experiment == key) & (c.version == version)
    query = sa.select(experiment_steps).where(mine).order_by(c.number)
    return [
        Step(row.step, row.reason, row.timestamp, json.loads(row.details))
        for row in connection.execute(query)
    ]


# --- who saw what ---------------------------------------------------------------------


def store_assignments(
    database: Database, connection: Connection, rows: Sequence[dict[str, Any]]
) -> None:
    """Write who saw which variant; what is there already stays as it is."""
    rows = not_erased(connection, rows)
    if rows:
        insert = database.insert(experiment_exposures)
        connection.execute(insert.on_conflict_do_nothing(), list(rows))


def assignments(
    connection: Connection, key: str, version: int
) -> Iterator[sa.RowMapping]:
    """Yield the rows of who saw what in an experiment, in the order of time."""
    c = experiment_exposures.c
    query = sa.select(experiment_exposures).where(
        (c.experiment == key) & (c.version == version)
    )
    query = query.order_by(c.timestamp, c.query_id)
    found = connection.execute(query.execution_options(yield_per=5_000))
    yield from found.mappings()


def answers_by_variant(
    connection: Connection,
    key: str,
    version: int,
    slow_ms: float,
    of_requests: bool = False,
) -> dict[str, tuple[int, int, int]]:
    """Return lists, failed ones and slow ones that did not fail, of each variant.

    of_requests : the same of requests, which may be for several lists and are bad if
        one of them is; of an experiment whose units are requests
    """
    c = experiment_exposures.c
    bad = sa.func.max(sa.case((c.failed, 1), else_=0)).label("bad")
    late = sa.func.max(sa.case((c.milliseconds > slow_ms, 1), else_=0)).label("late")
    mine = (c.experiment == key) & (c.version == version)
    one = c.unit if of_requests else c.query_id
    each = sa.select(c.variant, bad, late).where(mine).group_by(c.variant, one)
    r = each.subquery().c
    counts = sa.func.count(), sa.func.sum(r.bad), sa.func.sum(r.late * (1 - r.bad))
    query = sa.select(r.variant, *counts).group_by(r.variant)
    return {
        str(variant): (int(n), int(failed), int(slow))
        for variant, n, failed, slow in connection.execute(query)
    }


def askers(connection: Connection, key: str, version: int) -> dict[str, str]:
    """Return who was shown each list of an experiment, where that is known."""
    a, s = experiment_exposures.c, exposures.c
    query = (
        sa.select(s.query_id, sa.func.coalesce(s.user_id, s.session_id, s.client_id))
        .select_from(exposures)
        .join(experiment_exposures, a.query_id == s.query_id)
        .where((a.experiment == key) & (a.version == version))
    )
    return {str(id): who for id, who in connection.execute(query) if who is not None}


def clicks(connection: Connection, key: str, version: int) -> dict[str, list[int]]:
    """Return the places that were clicked in the lists of an experiment, by list.

    An event about an item of a list counts as a click on its place, but for those that
    say nothing good of it, such as an impression.
    """
    a, e, s = experiment_exposures.c, events.c, exposures.c
    query = (
        sa.select(e.query_id, e.object_id, e.action_name, s.hits)
        .select_from(events)
        .join(experiment_exposures, a.query_id == e.query_id)
        .join(exposures, s.query_id == e.query_id)
        .where((a.experiment == key) & (a.version == version))
        .where(e.object_id.is_not(None))
    )
    found: dict[str, list[int]] = {}
    for query_id, thing, action, hits in connection.execute(query):
        ids = ids_of(hits)
        if thing in ids and event_weight(action) > 0:
            found.setdefault(str(query_id), []).append(ids.index(thing))
    return found
