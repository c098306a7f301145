"""Events, which users cause, and exposures, which are what users were shown."""

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._typing import Array
from lookalike.rank.slate import Drawn
from lookalike.service.database.connection import Database, now
from lookalike.service.database.items import counter, put, take
from lookalike.service.database.mentions import (
    BEFRIEND,
    NOBODY,
    USER_COLUMNS,
    Mentions,
    ids_of,
    systems_of_users,
    without_hits,
    without_mentions,
    words_of,
)
from lookalike.service.database.tables import (
    alarms,
    counters,
    erased,
    events,
    experiment_exposures,
    experiments,
    exposures,
    handed_out,
    loop_steps,
    reviews,
)
from lookalike.service.served_experiment import RUNNING

SALT = "erasure_salt"
"""The counter of the salt; those of other databases that were joined begin so, too."""
ERASURES = "erasures"
"""The counter that rises when a user is deleted."""
_OBJECT = "\0object "  # before an id that names a user as the object of any event
_Rows = Sequence[dict[str, Any]]


def store_events(
    database: Database, connection: Connection, rows: Sequence[dict[str, Any]]
) -> int:
    """Write events, those that are there already left as they are; return how many."""
    rows = not_erased(connection, rows)
    received = now()
    rows = [{**row, "received": received} for row in rows]
    if not rows:
        return 0
    if not database.is_sqlite:
        return _stored_at_once(connection, rows)
    before = _count(connection, rows)
    insert = database.insert(events)
    connection.execute(insert.on_conflict_do_nothing(), rows)
    return len({row["event_id"] for row in rows}) - before


def _stored_at_once(connection: Connection, rows: _Rows) -> int:
    """Write events by one statement, a column each as an array; return how many.

    PostgreSQL takes a hundred rows so in the time of a few statements of one row.
    """
    names = [column.name for column in events.c]
    # Without its length: a cast would cut a text, and the column refuses it.
    kinds = [
        column.type.compile(connection.dialect).partition("(")[0] for column in events.c
    ]
    arrays = ", ".join(
        f"CAST(:{name} AS {kind}[])" for name, kind in zip(names, kinds, strict=True)
    )
    statement = sa.text(
        f"INSERT INTO events ({', '.join(names)}) SELECT * FROM unnest({arrays}) "
        "ON CONFLICT DO NOTHING"
    )
    columns = {name: [row.get(name) for row in rows] for name in names}
    return connection.execute(statement, columns).rowcount


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
    drawn: Drawn | None = None,
) -> dict[str, Any]:
    """What was shown, with all that it takes to learn from it later.

    features : of the query, or one row for each hit
    propensities : probability with which each was shown; None is 1
    drawn : what the last place was drawn from; None where it was not
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
        **_drawn(drawn),
        "timestamp": now(),
    }


def _drawn(drawn: Drawn | None) -> dict[str, Any]:
    """The columns about what a place was drawn from."""
    if drawn is None:
        return dict.fromkeys(("drawn", "drawn_features", "drawn_share"))
    pairs = zip(drawn.items.ids, drawn.items.scores.tolist(), strict=True)
    return {
        "drawn": json.dumps([list(pair) for pair in pairs]),
        "drawn_features": np.asarray(drawn.items.features, dtype="<f4").tobytes(),
        "drawn_share": drawn.share,
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


def erase(database: Database, connection: Connection, user: Mentions) -> int:
    """Delete what names a user, and drop what may still come for them.

    Returns how many rows named them.
    """
    names = [user.id] if user.is_item else [user.id, f"{_OBJECT}{user.id}"]
    digests = [_digest(connection, name, database) for name in names]
    rows = [{"digest": digest, "timestamp": now()} for digest in digests]
    put(database, connection, erased, rows)
    take(database, connection, ERASURES, 1)
    return delete_user(connection, user)


def delete_user(connection: Connection, user: Mentions, since: int = 0) -> int:
    """Delete or change every row that names this user; return how many.

    since : look at what arrived from this microsecond on, after a first time
    """
    c, e = experiment_exposures.c, exposures.c
    own = sa.or_(*(e[column] == user.id for column in USER_COLUMNS))
    sessions = sa.select(e.session_id).where(own, e.session_id.is_not(None))
    mine = (c.unit == user.id) | c.query_id.in_(sa.select(e.query_id).where(own))
    mine |= c.unit.in_(sessions)
    assigned = connection.execute(sa.delete(experiment_exposures).where(mine)).rowcount
    handed = sa.delete(handed_out).where(handed_out.c.user_id == user.id)
    return (
        assigned
        + connection.execute(handed).rowcount
        + _rewrite(
            connection,
            exposures,
            (e.timestamp >= since) & user.in_exposures(),
            user.exposure,
        )
        + _rewrite(
            connection,
            events,
            (events.c.received >= since) & user.in_events(),
            user.event,
        )
    )


def _rewrite(
    connection: Connection,
    table: sa.Table,
    condition: Any,
    left: Callable[[dict[str, Any]], dict[str, Any] | None],
) -> int:
    [key] = table.primary_key
    changed, gone = [], []
    query = sa.select(table).where(condition).execution_options(yield_per=1_000)
    for row in connection.execute(query).mappings():
        before = dict(row)
        after = left(before)
        if after is None:
            gone.append({"named": before[key.name]})
        elif after != before:
            changed.append({"named": before[key.name], **after})
    mine = key == sa.bindparam("named")
    if gone:
        connection.execute(sa.delete(table).where(mine), gone)
    if changed:
        connection.execute(sa.update(table).where(mine), changed)
    return len(gone) + len(changed)


def erasures(connection: Connection) -> int:
    """How many users were deleted."""
    return counter(connection, ERASURES)


def erased_among(connection: Connection, names: Collection[str]) -> set[str]:
    """Return those of these users who were deleted."""
    if connection.execute(sa.select(erased.c.digest).limit(1)).first() is None:
        return set()
    every = sa.select(counters.c.value).where(counters.c.name.startswith(SALT))
    salts = list(connection.execute(every).scalars())
    digests = {_hash(int(salt), name): name for salt in salts for name in names}
    candidates, gone = list(digests), set()
    for start in range(0, len(candidates), 500):
        mine = erased.c.digest.in_(candidates[start : start + 500])
        query = sa.select(erased.c.digest).where(mine)
        gone |= {digests[found] for found in connection.execute(query).scalars()}
    return gone


def known_erased(connection: Connection) -> Callable[[str], bool]:
    """Return what tells whether a name is that of a user who was deleted.

    For many names: it holds all digests, and asks the database nothing any more.
    """
    every = sa.select(counters.c.value).where(counters.c.name.startswith(SALT))
    salts = [int(salt) for salt in connection.execute(every).scalars()]
    digests = set(connection.execute(sa.select(erased.c.digest)).scalars())
    return lambda name: any(_hash(salt, name) in digests for salt in salts)


def without_erased(
    row: dict[str, Any], gone: Callable[[str], bool]
) -> dict[str, Any] | None:
    """Return a row without the names of users who were deleted, None if it is theirs.

    gone : see ``known_erased``
    """
    if any(map(gone, _users_of(row))):
        return None
    named = _named_in(row) - {NOBODY}
    return _without(row, set(filter(gone, named)))


def not_erased(connection: Connection, rows: _Rows) -> _Rows:
    """Return the rows that are of nobody who was deleted, without those names."""
    if connection.execute(sa.select(erased.c.digest).limit(1)).first() is None:
        return rows
    of, beside = [*map(_users_of, rows)], [*map(_named_in, rows)]
    gone = erased_among(connection, set().union(*of, *beside) - {NOBODY})
    return [
        _without(row, gone & named)
        for row, users, named in zip(rows, of, beside, strict=True)
        if gone.isdisjoint(users)
    ]


def _named_in(row: dict[str, Any]) -> set[str]:
    """What may name users in a row that is of somebody else."""
    if "unit" in row or "item_id" in row:
        return set()
    if "hits" not in row:
        return set(words_of(row))
    if row["system"] not in systems_of_users():
        return set()
    return {*ids_of(row["hits"]), *ids_of(row.get("drawn") or "[]")}


def _without(row: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    if gone and "hits" in row:
        return without_hits(row, gone)
    for name in gone:
        row = without_mentions(row, Mentions(name, True))
    return row


def _users_of(row: dict[str, Any]) -> set[str]:
    """Names of users in the columns of a row, as they were hashed."""
    columns = (*USER_COLUMNS, "unit")
    found = {row[column] for column in columns if row.get(column) is not None}
    thing = row.get("object_id")
    if thing is not None:
        found.add(f"{_OBJECT}{thing}")
        if row["action_name"] == BEFRIEND:
            found.add(thing)
    return found


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
    """Delete what arrived before: events, what was shown, alarms, and so on.

    Returns how many rows.

    What an event says of its own time may be years ago, and plays no part. Who saw what
    in an experiment that runs is kept: otherwise its units would be lost.
    """
    gone = 0
    shown = exposures.c.timestamp, experiment_exposures.c.timestamp
    told = alarms.c.raised, loop_steps.c.timestamp, reviews.c.received
    for column in (events.c.received, *shown, *told, handed_out.c.timestamp):
        old = sa.delete(column.table).where(column < received)
        if column.table is experiment_exposures:
            runs = sa.select(experiments.c.name).where(experiments.c.state == RUNNING)
            old = old.where(experiment_exposures.c.experiment.not_in(runs))
        gone += connection.execute(old).rowcount
    return gone
