"""Posts that wait for a person, and what people decided of them."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.connection import Database, now
from lookalike.service.database.items import put
from lookalike.service.database.tables import reviews


def add(
    database: Database, connection: Connection, rows: Sequence[dict[str, Any]]
) -> None:
    """Let posts wait; one that is sent again waits again, with what it is now."""
    waiting = {"appeal": None, "skipped": 0, "decision": None, "kinds": None}
    put(
        database,
        connection,
        reviews,
        [{**waiting, "decided": None, "received": now(), **row} for row in rows],
    )


def waiting(connection: Connection, system: str, n: int) -> list[dict[str, Any]]:
    """Return at most n posts that wait: appeals first, then by what a look saves.

    What was passed over comes after what was not.
    """
    c = reviews.c
    query = (
        sa.select(reviews)
        .where(c.system == system, c.decision.is_(None))
        .order_by(c.skipped, c.appeal.is_(None), c.value.desc(), c.received, c.id)
        .limit(n)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def n_waiting(connection: Connection, system: str) -> int:
    """How many posts wait."""
    c = reviews.c
    query = sa.select(sa.func.count()).where(c.system == system, c.decision.is_(None))
    return int(connection.execute(query).scalar_one())


def one(connection: Connection, system: str, id: str) -> dict[str, Any]:
    """Return a post that waits or was decided.

    Raises
    ------
    LookupError
        If there is none of this id.
    """
    mine = (reviews.c.system == system) & (reviews.c.id == id)
    found = connection.execute(sa.select(reviews).where(mine)).mappings().first()
    if found is None:
        raise LookupError(f"No post {id!r} was sent for review.")
    return dict(found)


def change(
    connection: Connection, system: str, id: str, **values: Any
) -> dict[str, Any]:
    """Change a row and return it as it is then."""
    one(connection, system, id)
    mine = (reviews.c.system == system) & (reviews.c.id == id)
    connection.execute(sa.update(reviews).where(mine).values(**values))
    return one(connection, system, id)


def delete(connection: Connection, system: str, id: str) -> None:
    """Forget a post."""
    one(connection, system, id)
    mine = (reviews.c.system == system) & (reviews.c.id == id)
    connection.execute(sa.delete(reviews).where(mine))


def decided(connection: Connection, system: str) -> list[dict[str, Any]]:
    """Return what people decided, the oldest first: text, language and kinds."""
    c = reviews.c
    query = (
        sa.select(c.id, c.post, c.answer, c.decision, c.kinds, c.appeal, c.decided)
        .where(c.system == system, c.decision.is_not(None))
        .order_by(c.decided, c.id)
    )
    return [
        {
            "id": row["id"],
            **json.loads(row["post"]),
            "language": json.loads(row["answer"]).get("language"),
            "decision": row["decision"],
            "kinds": json.loads(row["kinds"] or "[]"),
            "appealed": row["appeal"] is not None,
            "decided": row["decided"],
        }
        for row in connection.execute(query).mappings()
    ]
