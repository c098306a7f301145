"""Alarms as rows, and what the monitor of each generation knows."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.connection import Database, now
from lookalike.service.database.items import put
from lookalike.service.database.tables import alarms, monitors

MOST_ATTEMPTS = 10
"""To deliver an alarm to a webhook, the last an hour and a half after it was raised."""
FIRST_WAIT = 10_000_000
"""Microseconds between the first two attempts; each further wait is twice as long."""


@dataclass(frozen=True)
class Alarm:
    """Something moved.

    kind : "feature", "joint", "rate", "estimated quality" or "meaning of scores"
    subject : the feature, or what is watched
    effect : how far it moved, in the unit that the sentence says
    p_value : of such a move by chance; None of detectors, whose budget is of time
    """

    system: str
    generation: str
    kind: str
    subject: str
    effect: float
    p_value: float | None
    sentence: str


def raise_alarms(connection: Connection, found: Sequence[Alarm]) -> list[Alarm]:
    """Store alarms; what was said already, and nobody has acknowledged, is not again.

    Returns those that are new.
    """
    c = alarms.c
    new = []
    for each in found:
        same = [getattr(c, n) == getattr(each, n) for n in _SAME]
        is_open = sa.select(c.id).where(*same, c.acknowledged.is_(None)).limit(1)
        if connection.execute(is_open).first() is None:
            row = {"id": uuid.uuid4().hex, **asdict(each), "raised": now()}
            row |= {"acknowledged": None, "attempts": 0, "delivered": None}
            connection.execute(sa.insert(alarms), [row])
            new.append(each)
    return new


_SAME = ("system", "generation", "kind", "subject")


def listed(
    connection: Connection, n: int, system: str | None = None, open_only: bool = False
) -> list[dict[str, Any]]:
    """Return at most n alarms, newest first, ready for JSON."""
    query = sa.select(alarms).order_by(alarms.c.raised.desc(), alarms.c.id).limit(n)
    if system is not None:
        query = query.where(alarms.c.system == system)
    if open_only:
        query = query.where(alarms.c.acknowledged.is_(None))
    return [dict(row) for row in connection.execute(query).mappings()]


def acknowledge(connection: Connection, id: str) -> dict[str, Any]:
    """Say that somebody has seen an alarm; from then on it may be raised again.

    Raises
    ------
    LookupError
        If there is none of this id.
    """
    mine = alarms.c.id == id
    still_open = mine & alarms.c.acknowledged.is_(None)
    connection.execute(sa.update(alarms).where(still_open).values(acknowledged=now()))
    found = connection.execute(sa.select(alarms).where(mine)).mappings().first()
    if found is None:
        raise LookupError(f"There is no alarm {id!r}.")
    return dict(found)


def undelivered(connection: Connection, moment: int) -> list[dict[str, Any]]:
    """Return the alarms that a webhook is to be told of at this microsecond."""
    c = alarms.c
    query = sa.select(alarms).where(c.delivered.is_(None), c.attempts < MOST_ATTEMPTS)
    found = connection.execute(query.order_by(c.raised, c.id)).mappings()
    rows = [dict(row) for row in found]
    return [row for row in rows if moment >= row["raised"] + wait(row)]


def wait(row: dict[str, Any]) -> int:
    """Return the microseconds after an alarm's raising before the next attempt.

    Examples
    --------
    >>> [wait({"attempts": n}) // 1_000_000 for n in range(4)]
    [0, 10, 30, 70]
    >>> wait({"attempts": MOST_ATTEMPTS - 1}) / 60e6  # minutes
    85.16666666666667
    """
    return FIRST_WAIT * (2 ** int(row["attempts"]) - 1)


def tried(connection: Connection, id: str, is_delivered: bool) -> None:
    """Note an attempt to deliver an alarm."""
    values: dict[str, Any] = {"attempts": alarms.c.attempts + 1}
    if is_delivered:
        values["delivered"] = now()
    connection.execute(sa.update(alarms).where(alarms.c.id == id).values(**values))


def monitor_state(connection: Connection, system: str, generation: str) -> Any:
    """Return what the monitor of a generation knows, {} before its first look."""
    c = monitors.c
    mine = sa.select(c.state).where(c.system == system, c.generation == generation)
    found = connection.execute(mine).scalar_one_or_none()
    return {} if found is None else json.loads(found)


def keep_state(
    database: Database,
    connection: Connection,
    system: str,
    generation: str,
    state: dict[str, Any],
) -> None:
    """Store what the monitor of a generation knows."""
    row = {"system": system, "generation": generation, "state": json.dumps(state)}
    put(database, connection, monitors, [{**row, "updated": now()}])
