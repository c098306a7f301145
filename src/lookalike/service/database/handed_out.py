"""What was handed out to whom: a user gets an item once, whatever is asked at once."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.connection import Database, now
from lookalike.service.database.tables import handed_out


def handed_to(connection: Connection, system: str, user: str) -> list[str]:
    """Return the items that a user was handed out."""
    c = handed_out.c
    query = sa.select(c.item_id).where(c.system == system, c.user_id == user)
    return list(connection.execute(query).scalars())


def hand_out(
    database: Database,
    connection: Connection,
    system: str,
    user: str,
    ids: Sequence[str],
    k: int,
) -> list[str]:
    """Hand out the first k of some items that the user did not get yet; return them.

    Another transaction that hands out to the same user waits, or finds what this one
    has taken: the database lets a row be inserted once.
    """
    taken: list[str] = []
    had = set(handed_to(connection, system, user))
    left = [id for id in dict.fromkeys(ids) if id not in had]
    while left and len(taken) < k:
        some, left = left[: k - len(taken)], left[k - len(taken) :]
        rows = [
            {"system": system, "user_id": user, "item_id": id, "timestamp": now()}
            for id in some
        ]
        insert = database.insert(handed_out).values(rows).on_conflict_do_nothing()
        new = set(connection.execute(insert.returning(handed_out.c.item_id)).scalars())
        taken += [id for id in some if id in new]
    return taken
