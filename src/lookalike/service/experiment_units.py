"""The units of an experiment: what each saw and did, from the database.

The columns that a metric may name, of one unit each:

- ``lists``: how many lists it was shown; ``failed``: how many could not be answered;
  ``milliseconds``: the mean time of an answer;
- the name of an action, such as ``click``: 1 if the unit did it at all, else 0;
  ``click.count``: how often; ``click.value``: the sum of the values of those events;
- ``click.before``: how often a user or a session did it before its first list, as a
  covariate.

An event counts if it is about a list that the unit was shown in the experiment. Of
users and sessions it also counts without a list, from their first list on.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.experiment import Units
from lookalike.service.database.experiments import assignments
from lookalike.service.database.tables import events
from lookalike.service.served_experiment import ServedExperiment

OF_LISTS = ("lists", "failed", "milliseconds")
_SUFFIXES = ("count", "value", "before")
_NAMED_BY = {"user": "user_id", "session": "session_id"}


@dataclass
class _Unit:
    """What one unit saw and did.

    first, last_before : microseconds, of its first list, and of the last event before
    done, before : events by action
    """

    variant: str
    first: int
    lists: int = 0
    failed: int = 0
    milliseconds: float = 0.0
    first_event: float = np.nan
    last_before: float = np.nan
    done: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    value: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    before: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def units_of(connection: Connection, which: ServedExperiment) -> Units:
    """Return one row a unit: its variant, and what it did.

    Raises
    ------
    ValueError
        If a unit saw two variants, or no event of an action that a metric names was
        ever stored.
    """
    found: dict[str, _Unit] = {}
    lists: dict[str, str] = {}
    for row in assignments(connection, which.key, which.design.version):
        name = row["unit"]
        unit = found.setdefault(name, _Unit(row["variant"], row["timestamp"]))
        if unit.variant != row["variant"]:
            raise ValueError(
                f"expected one variant a unit, but {name!r} saw {unit.variant} and "
                f"{row['variant']}."
            )
        unit.lists += 1
        unit.failed += bool(row["failed"])
        unit.milliseconds += row["milliseconds"]
        lists[row["query_id"]] = name
    _count_events(connection, which, found, lists)
    actions = _actions(connection, which)
    units = list(found.values())
    columns: dict[str, Any] = {
        "lists": [each.lists for each in units],
        "failed": [each.failed for each in units],
        "milliseconds": [each.milliseconds / each.lists for each in units],
    }
    for name in actions:
        columns[name] = [float(each.done[name] > 0) for each in units]
        columns[f"{name}.count"] = [each.done[name] for each in units]
        columns[f"{name}.value"] = [each.value[name] for each in units]
        columns[f"{name}.before"] = [each.before[name] for each in units]
    until = np.array([each.last_before for each in units]) / 1e6
    return Units(
        list(found),
        np.array([each.variant for each in units], dtype=object),
        columns,
        assigned_at=np.array([each.first for each in units]) / 1e6,
        first_event_at=np.array([each.first_event for each in units]) / 1e6,
        measured_until={f"{name}.before": until for name in actions},
    )


def _count_events(
    connection: Connection,
    which: ServedExperiment,
    found: dict[str, _Unit],
    lists: dict[str, str],
) -> None:
    """Add what units did, event by event."""
    c = events.c
    column = _NAMED_BY.get(which.design.unit)
    named: Any = c.query_id.is_not(None)
    if column is not None:
        named |= c[column].is_not(None)
    query = sa.select(events).where(named).order_by(c.timestamp, c.event_id)
    streamed = connection.execute(query.execution_options(yield_per=5_000))
    for event in streamed.mappings():
        action, when = event["action_name"], event["timestamp"]
        name = lists.get(event["query_id"])
        is_of_list = name is not None
        if name is None and column is not None:
            name = event[column]
        unit = None if name is None else found.get(name)
        if unit is None:
            continue
        if not is_of_list and when < unit.first:
            unit.before[action] += 1
            unit.last_before = when
            continue
        if not is_of_list and event["query_id"] is not None:
            continue  # of a list of something else
        unit.done[action] += 1
        unit.value[action] += event["value"] or 0.0
        if not is_of_list and np.isnan(unit.first_event):
            unit.first_event = when


def _actions(connection: Connection, which: ServedExperiment) -> list[str]:
    """Return the actions that the metrics name.

    Raises
    ------
    ValueError
        If one of them was never seen.
    """
    columns = [
        name
        for metric in which.design.metrics
        for name in (*metric.columns, *metric.covariates)
        if name not in OF_LISTS
    ]
    wanted = list(dict.fromkeys(map(action_of, columns)))
    distinct = sa.select(events.c.action_name).distinct()
    known = set(connection.execute(distinct).scalars())
    missing = [name for name in wanted if name not in known]
    if missing:
        there = ", ".join([*OF_LISTS, *sorted(known)])
        raise ValueError(
            f"no event {missing[0]!r} was stored, which a metric of {which.key} names; "
            f"there are {there}."
        )
    return wanted


def action_of(column: str) -> str:
    """Return the action that a column is made of.

    Examples
    --------
    >>> action_of("click.count"), action_of("add to cart")
    ('click', 'add to cart')
    """
    name, _, suffix = column.rpartition(".")
    return name if name and suffix in _SUFFIXES else column
