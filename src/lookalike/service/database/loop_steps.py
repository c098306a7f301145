"""The steps of learning again as rows: what was done, why, and how to repeat it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.connection import now
from lookalike.service.database.tables import loop_steps

BEGUN, TRAINED, JUDGED, CANARY = "begun", "trained", "judged", "canary"
WATCHED, ACTIVATED = "watched", "activated"
REFUSED, FALLEN_BACK = "refused", "fallen back"
LAST = (ACTIVATED, REFUSED, FALLEN_BACK)
"""Steps with which a run is over."""


@dataclass(frozen=True)
class LoopStep:
    """A step of a run, done and stored.

    details : what it takes to go on, and to do it once more
    timestamp : microseconds since 1970
    """

    run: str
    number: int
    system: str
    step: str
    reason: str
    details: dict[str, Any]
    timestamp: int


@dataclass(frozen=True)
class LoopRun:
    """The steps of one run, in their order; at least one."""

    steps: Sequence[LoopStep]

    @property
    def run(self) -> str:
        """Its id."""
        return self.steps[0].run

    @property
    def last(self) -> LoopStep:
        """The step that was done last."""
        return self.steps[-1]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return self.last.step in LAST

    def details_of(self, step: str) -> dict[str, Any]:
        """Return the details of a step, {} where it was not done."""
        return next((each.details for each in self.steps if each.step == step), {})


def add_step(
    connection: Connection, before: LoopRun | None, new: dict[str, Any]
) -> LoopRun:
    """Store a step of a run, or the first one; return the run with it.

    new : run, system, step, reason, details
    """
    number = 1 if before is None else before.last.number + 1
    step = LoopStep(number=number, timestamp=now(), **new)
    row = {**vars(step), "details": json.dumps(step.details)}
    connection.execute(sa.insert(loop_steps), [row])
    return LoopRun([*([] if before is None else before.steps), step])


def unfinished(connection: Connection, system: str) -> LoopRun | None:
    """Return the newest run of a system if it is not over."""
    found = runs(connection, system, 1)
    return found[0] if found and not found[0].is_over else None


def runs(connection: Connection, system: str, n: int) -> list[LoopRun]:
    """Return the newest n runs of a system, newest first."""
    c = loop_steps.c
    begun = sa.select(c.run).where(c.system == system, c.number == 1)
    names = list(
        connection.execute(begun.order_by(c.timestamp.desc()).limit(n)).scalars()
    )
    return _runs(connection, names)


def run_of(connection: Connection, system: str, run: str) -> LoopRun:
    """Return a run by its id, or by how that begins.

    Raises
    ------
    ValueError
        If there is none, or there are several.
    """
    c = loop_steps.c
    mine = c.run.startswith(run, autoescape=True), c.system == system, c.number == 1
    names = list(connection.execute(sa.select(c.run).where(*mine)).scalars())
    if len(names) != 1:
        raise ValueError(f"{len(names)} runs of {system} begin with {run!r}.")
    return _runs(connection, names)[0]


def _runs(connection: Connection, names: Sequence[str]) -> list[LoopRun]:
    """The runs of these ids, in their order."""
    c = loop_steps.c
    rows = sa.select(loop_steps).where(c.run.in_(names)).order_by(c.number)
    steps = [
        LoopStep(**{**row, "details": json.loads(row["details"])})
        for row in connection.execute(rows).mappings()
    ]
    return [LoopRun([each for each in steps if each.run == name]) for name in names]
