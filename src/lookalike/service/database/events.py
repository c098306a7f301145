"""Events, which users cause, and exposures, which are what users were shown."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._typing import Array
from lookalike.service.database.connection import Database, now
from lookalike.service.database.items import put
from lookalike.service.database.tables import counters, erased, events, exposures

SALT = "erasure_salt"
BEFRIEND = "befriend"
USER_COLUMNS = ("client_id", "session_id", "user_id")
"""The columns that may name a user."""


def store_events(
    database: Database, connection: Connection, rows: Sequence[dict[str, Any]]
) -> int:
    """Write events, those that are there already left as they are; return how many."""
    rows = not_erased(connection, rows)
    received = now()
    rows = [{**row, "received": received} for row in rows]
    if not rows:
        return 0
    before = _count(connection, rows)
    insert = database.insert(events)
    connection.execute(insert.on_conflict_do_nothing(), rows)
    return len({row["event_id"] for row in rows}) - before


def _count(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    ids = list({row["event_id"] for row in rows})
    total = 0
    for start in range(0, len(ids), 500):
        mine = events.c.event_id.in_(ids[start : start + 500])
        query = sa.select(sa.func.count()).select_from(events).where(mine)
        total += connection.execute(query).scalar_one()
    return total


def exposure_row(
    *,
    query_id: str,
    system: str,
    verb: str,
    generation: str,
    embedding_version: str,
    revision: int,
    user: dict[str, str | None],
    features: Array,
    ids: Sequence[str],
    scores: Sequence[float],
    propensities: Sequence[float] | None = None,
) -> dict[str, Any]:
    """What was shown, with all that it takes to learn from it later.

    features : of the query, or one row for each hit
    propensities : probability with which each was shown; None is 1
    """
    chances = [1.0] * len(ids) if propensities is None else propensities
    hits = [list(hit) for hit in zip(ids, scores, chances, strict=True)]
    return {
        "query_id": query_id,
        "system": system,
        "verb": verb,
        "generation": generation,
        "embedding_version": embedding_version,
        "revision": revision,
        **user,
        "features": np.asarray(features, dtype="<f4").tobytes(),
        "hits": json.dumps(hits),
        "timestamp": now(),
    }


def new_edges(connection: Connection) -> list[tuple[str, str]]:
    """Pairs of users that events of the action ``befriend`` have linked."""
    query = (
        sa.select(events.c.user_id, events.c.object_id)
        .where(events.c.action_name == BEFRIEND)
        .where(events.c.user_id.is_not(None) & events.c.object_id.is_not(None))
        .order_by(events.c.timestamp, events.c.event_id)
    )
    pairs = [(str(a), str(b)) for a, b in connection.execute(query) if a != b]
    return list(dict.fromkeys(pairs))


def store_exposures(
    database: Database, connection: Connection, rows: Sequence[dict[str, Any]]
) -> None:
    """Write exposures; a query's id that is taken already keeps what it has."""
    rows = not_erased(connection, rows)
    if rows:
        insert = database.insert(exposures)
        connection.execute(insert.on_conflict_do_nothing(), list(rows))


def erase(database: Database, connection: Connection, id: str) -> int:
    """Delete what a user did and was shown, and drop what may still come for them."""
    digest = _digest(connection, id, database)
    put(database, connection, erased, [{"digest": digest, "timestamp": now()}])
    return delete_user(connection, id)


def delete_user(connection: Connection, id: str) -> int:
    """Delete every row that names this user; return how many."""
    gone = 0
    for table in (events, exposures):
        named = sa.or_(*(table.c[column] == id for column in USER_COLUMNS))
        gone += connection.execute(sa.delete(table).where(named)).rowcount
    return gone


def not_erased(
    connection: Connection, rows: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    """Return the rows that name no erased user."""
    if connection.execute(sa.select(erased.c.digest).limit(1)).first() is None:
        return rows
    salt = _salt(connection)
    named = {row.get(column) for row in rows for column in USER_COLUMNS} - {None}
    digests = {_hash(salt, str(name)): name for name in named}
    candidates = list(digests)
    gone = set()
    for start in range(0, len(candidates), 500):
        mine = erased.c.digest.in_(candidates[start : start + 500])
        query = sa.select(erased.c.digest).where(mine)
        gone |= {digests[found] for found in connection.execute(query).scalars()}
    return [row for row in rows if not {row.get(c) for c in USER_COLUMNS} & gone]


def _digest(connection: Connection, id: str, database: Database) -> str:
    salt = int.from_bytes(np.random.default_rng().bytes(7))
    insert = database.insert(counters).values(name=SALT, value=salt)
    connection.execute(insert.on_conflict_do_nothing())
    return _hash(_salt(connection), id)


def _salt(connection: Connection) -> int:
    mine = counters.c.name == SALT
    return int(connection.execute(sa.select(counters.c.value).where(mine)).scalar_one())


def _hash(salt: int, id: str) -> str:
    return hashlib.sha256(f"{salt} {id}".encode()).hexdigest()


def delete_before(connection: Connection, received: int) -> int:
    """Delete events and exposures that arrived before; return how many.

    What an event says of its own time may be years ago, and plays no part.
    """
    gone = 0
    for column in (events.c.received, exposures.c.timestamp):
        old = sa.delete(column.table).where(column < received)
        gone += connection.execute(old).rowcount
    return gone
