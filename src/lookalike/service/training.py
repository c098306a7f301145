"""Exposures joined with the events that followed: the rows that a model learns from.

The rows depend on what happened, not on when or how often it was reported: events that
come late, twice or in another order give the same rows.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._typing import Array
from lookalike.service.database import Database
from lookalike.service.database.mentions import NOBODY
from lookalike.service.database.tables import events, exposures

OF_EACH_HIT = ("recommend", "rank")
"""Verbs whose features are of each hit, one row after the other, not of the query."""

_MANY = 500  # exposures in a block

Outcomes = dict[tuple[str, str], list[Any]]
"""Events by the query and the thing that they name."""


def training_rows(database: Database, until: int | None = None) -> list[dict[str, Any]]:
    """One row for each thing that was shown, by time, query and position.

    Parameters
    ----------
    until : int, optional
        Only what was shown, and what was done, before this microsecond: the rows of
        that time, however much is known later.

    Returns
    -------
    list of dict
        The query (features), what was shown (id, position, score, propensity),
        by what (system, verb, generation, embedding version), and its outcomes: the
        actions in the order of their names, and the sum of their values.
    """
    return list(each_training_row(database, until))


def each_training_row(
    database: Database, until: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what ``training_rows`` returns, row by row.

    Exposures are read in blocks, each with the events that name its queries: what is in
    memory does not depend on how many there are.
    """
    shown = sa.select(exposures).order_by(exposures.c.timestamp, exposures.c.query_id)
    done: list[sa.ColumnElement[bool]] = []
    if until is not None:
        shown = shown.where(exposures.c.timestamp < until)
        done.append(events.c.timestamp < until)
    with database.reading() as connection:
        streaming = connection.execution_options(yield_per=_MANY)
        for block in streaming.execute(shown).mappings().partitions():
            ids = [one["query_id"] for one in block]
            outcomes = outcomes_of(connection, *done, events.c.query_id.in_(ids))
            for one in block:
                yield from _rows(dict(one), outcomes)


def outcomes_of(connection: Connection, *mine: sa.ColumnElement[bool]) -> Outcomes:
    """Return what was done, by query and thing, each in the order of time.

    mine : conditions that events meet, which name a query
    """
    outcomes: Outcomes = {}
    done = sa.select(events).where(*mine)
    done = done.order_by(events.c.timestamp, events.c.event_id)
    for event in connection.execute(done).mappings():
        key = (event["query_id"], event["object_id"])
        outcomes.setdefault(key, []).append(event)
    return outcomes


def _rows(one: dict[str, Any], outcomes: Outcomes) -> Iterator[dict[str, Any]]:
    hits = json.loads(one["hits"])
    features = np.frombuffer(one["features"], "<f4")
    own = [features] * len(hits)
    if hits and one["verb"] in OF_EACH_HIT:
        own = [*features.reshape(len(hits), -1)]
    for at, hit in enumerate(hits):
        if hit[0] == NOBODY:
            continue  # what was done with it is not known any more
        done = outcomes.get((one["query_id"], hit[0]), [])
        yield _row(one, at + 1, hit, own[at], done)


def _row(
    one: dict[str, Any], position: int, hit: list[Any], features: Array, done: list[Any]
) -> dict[str, Any]:
    id, score, propensity = hit
    values = [event["value"] for event in done if event["value"] is not None]
    return {
        "query_id": one["query_id"],
        "timestamp": one["timestamp"],
        "system": one["system"],
        "verb": one["verb"],
        "generation": one["generation"],
        "embedding_version": one["embedding_version"],
        "features": features.tolist(),
        "id": id,
        "position": position,
        "score": score,
        "propensity": propensity,
        "actions": sorted(event["action_name"] for event in done),
        "value": float(sum(sorted(values))) if values else None,
    }
