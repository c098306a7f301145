"""Items that were added, changed or removed while the service ran.

A generation holds the items of the time it was made. The table holds every change
since, each with a *revision*, a number that rises by one a change. A generation knows
up to which revision it holds the changes; later ones are applied over it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.core.items import Item
from lookalike.service.database.connection import Database, now
from lookalike.service.database.tables import counters, items, vectors

EPOCH = "epoch"
"""The counter that rises when everything may have changed, as by a restore."""
REVISIONS = "items:"
"""How the counters of revisions begin; the name of the system follows."""


def store(
    database: Database,
    connection: Connection,
    system: str,
    changed: Sequence[Item],
    embedding_version: str,
) -> int:
    """Write items, and those that are deleted as deleted; return the last revision."""
    revision = take(database, connection, f"{REVISIONS}{system}", len(changed))
    updated = now()
    rows, described = [], []
    for item in changed:
        revision += 1
        rows.append(
            {
                "system": system,
                "id": item.id,
                "revision": revision,
                "deleted": item.deleted,
                "label": None if item.deleted else json.dumps(item.label),
                "attributes": json.dumps(item.attributes or {}),
                "image": item.image,
                "updated": updated,
            }
        )
        if item.vector is not None:
            described.append(_vector_row(system, item, embedding_version, revision))
    put(database, connection, items, rows)
    gone = [item.id for item in changed if item.deleted]
    if gone:
        mine = (vectors.c.system == system) & vectors.c.item_id.in_(gone)
        connection.execute(sa.delete(vectors).where(mine))
    put(database, connection, vectors, described)
    return revision


def store_vectors(
    database: Database,
    connection: Connection,
    system: str,
    described: Sequence[Item],
    embedding_version: str,
) -> None:
    """Write what another embedding makes of items, unless they changed since."""
    ids = [item.id for item in described]
    query = sa.select(items.c.id, items.c.revision)
    query = query.where(items.c.system == system, items.c.id.in_(ids))
    current = {row.id: row.revision for row in connection.execute(query)}
    rows = [
        _vector_row(system, item, embedding_version, item.revision)
        for item in described
        if current.get(item.id) == item.revision
    ]
    put(database, connection, vectors, rows)


def _vector_row(
    system: str, item: Item, embedding_version: str, revision: int
) -> dict[str, Any]:
    assert item.vector is not None
    return {
        "system": system,
        "item_id": item.id,
        "embedding_version": embedding_version,
        "revision": revision,
        "vector": np.asarray(item.vector, dtype="<f4").tobytes(),
    }


def put(
    database: Database,
    connection: Connection,
    table: sa.Table,
    rows: Sequence[dict[str, Any]],
) -> None:
    """Write rows, over those with the same key."""
    if not rows:
        return
    insert = database.insert(table)
    keys = [column.name for column in table.primary_key]
    others = {c.name: insert.excluded[c.name] for c in table.c if c.name not in keys}
    connection.execute(
        insert.on_conflict_do_update(index_elements=keys, set_=others), rows
    )


def take(database: Database, connection: Connection, name: str, n: int) -> int:
    """Take n numbers of a counter; return the last one that was taken before.

    The row stays locked until the transaction ends: numbers become visible in the
    order in which they were given.
    """
    insert = database.insert(counters).values(name=name, value=0)
    connection.execute(insert.on_conflict_do_nothing())
    mine = counters.c.name == name
    connection.execute(
        sa.update(counters).where(mine).values(value=counters.c.value + n)
    )
    last = connection.execute(sa.select(counters.c.value).where(mine)).scalar_one()
    return int(last) - n


def revisions_of(counters: Mapping[str, int]) -> dict[str, int]:
    """Return the last revision of each system, of counters by their names."""
    return {
        name.removeprefix(REVISIONS): value
        for name, value in counters.items()
        if name.startswith(REVISIONS)
    }


def raise_revision(database: Database, system: str, least: int) -> None:
    """Let the next revision of a system be above ``least``; it never falls.

    A database that is younger than the generations, or a copy that was put back, would
    give numbers that a generation takes for changes that it holds.
    """
    name = f"{REVISIONS}{system}"
    with database.reading() as connection:
        if counter(connection, name) >= least:
            return
    with database.writing() as connection:
        take(database, connection, name, 0)
        mine = (counters.c.name == name) & (counters.c.value < least)
        connection.execute(sa.update(counters).where(mine).values(value=least))


def last_revision(connection: Connection, system: str) -> int:
    """The revision of the last change of a system's items, 0 before the first."""
    return counter(connection, f"{REVISIONS}{system}")


def count(connection: Connection, system: str) -> int:
    """How many items of a system ever changed."""
    mine = items.c.system == system
    query = sa.select(sa.func.count()).select_from(items).where(mine)
    return int(connection.execute(query).scalar_one())


def epoch(connection: Connection) -> int:
    """How often everything may have changed."""
    return counter(connection, EPOCH)


def counter(connection: Connection, name: str) -> int:
    """The last number of a counter that was taken, 0 before the first."""
    query = sa.select(counters.c.value).where(counters.c.name == name)
    return int(connection.execute(query).scalar() or 0)


def changes(
    connection: Connection,
    system: str,
    after: int,
    embedding_version: str,
) -> list[Item]:
    """Every change after a revision, in its order, with vectors of this version."""
    join = (
        (vectors.c.system == items.c.system)
        & (vectors.c.item_id == items.c.id)
        & (vectors.c.revision == items.c.revision)
        & (vectors.c.embedding_version == embedding_version)
    )
    columns = (
        *(items.c.id, items.c.label, items.c.attributes, items.c.image),
        *(vectors.c.vector, items.c.deleted, items.c.revision),
    )
    query = (
        sa.select(*columns)
        .select_from(items.outerjoin(vectors, join))
        .where(items.c.system == system, items.c.revision > after)
        .order_by(items.c.revision)
    )
    return list(_items(connection.execute(query)))


def _items(rows: Iterable[Any]) -> Any:
    for id, label, attributes, image, vector, deleted, revision in rows:
        yield Item(
            id=id,
            label=None if label is None else json.loads(label),
            attributes=json.loads(attributes),
            image=image,
            vector=None if vector is None else np.frombuffer(vector, dtype="<f4"),
            deleted=deleted,
            revision=revision,
        )
