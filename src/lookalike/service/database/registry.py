"""Generations that services share: which there are, whose content, and which answers.

A generation's identity is the digest of its content; its name is a number that is given
once in a system and never again. Every move of the pointer is a row with its author and
reason, and the last row is the pointer.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.service.database.announcing import announce
from lookalike.service.database.connection import Database, now
from lookalike.service.database.locking import in_turn
from lookalike.service.database.tables import (
    experiments,
    generation_moves,
    generations,
    loop_steps,
)

WHOLE, RETIRED = "whole", "retired"


class Act(NamedTuple):
    """Who does something, and why."""

    author: str
    reason: str


_ACT: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(author: str, reason: str) -> Iterator[None]:
    """Say who changes generations within, in this thread and those it calls, and why.

    Examples
    --------
    >>> with acting("key 4be1", "an order from the shop"):
    ...     act().author
    'key 4be1'
    """
    before = _ACT.set(Act(author, reason))
    try:
        yield
    finally:
        _ACT.reset(before)


def act(reason: str = "") -> Act:
    """Return who acts now, and why: by default the service itself."""
    return _ACT.get() or Act("the service", reason)


def registered(connection: Connection, system: str) -> list[dict[str, Any]]:
    """Return every generation of a system, oldest first, without its document."""
    g = generations.c
    columns = [column for column in g if column is not g.about]
    query = sa.select(*columns).where(g.system == system).order_by(g.created, g.name)
    return [dict(row) for row in connection.execute(query).mappings()]


def names(connection: Connection, system: str) -> list[str]:
    """Return the names of those whose files are kept, oldest first."""
    g = generations.c
    mine = (g.system == system) & (g.state == WHOLE)
    found = connection.execute(sa.select(g.name).where(mine)).scalars()
    return sorted(found, key=int)


def digest_of(connection: Connection, system: str, name: str) -> str | None:
    """Return the digest of a generation whose files are kept, None if it is none."""
    g = generations.c
    mine = (g.system == system) & (g.name == name) & (g.state == WHOLE)
    found = connection.execute(sa.select(g.digest).where(mine)).scalar()
    return None if found is None else str(found)


def document_of(connection: Connection, system: str, name: str) -> dict[str, Any]:
    """Return what a generation's ``system.json`` says, {} if there is none."""
    g = generations.c
    query = sa.select(g.about).where(g.system == system, g.name == name)
    found = connection.execute(query).scalar()
    return {} if found is None else dict(json.loads(found))


def highest_revision(connection: Connection, system: str) -> int:
    """Return the last revision of items that any generation holds, 0 if none does."""
    g = generations.c
    query = sa.select(sa.func.max(g.revision)).where(g.system == system)
    return int(connection.execute(query).scalar() or 0)


def register(
    database: Database,
    connection: Connection,
    system: str,
    about: dict[str, Any],
    size: int,
    name: str | None = None,
) -> str:
    """Enter a generation, and return its name.

    One whose content is there already keeps the name it has; where its files had been
    removed they count as kept again.

    about : what ``system.json`` says, with the checksum
    size : bytes of its files
    name : where it has one; None is the next number
    """
    in_turn(database, connection, f"generations:{system}")
    g = generations.c
    mine = (g.system == system) & (g.digest == about["checksum"])
    found = connection.execute(sa.select(g.name).where(mine)).scalar()
    if found is not None:
        connection.execute(sa.update(generations).where(mine).values(state=WHOLE))
        return str(found)
    taken = connection.execute(sa.select(g.name).where(g.system == system)).scalars()
    name = name or f"{max(map(int, taken), default=0) + 1:04d}"
    author, reason = act("made")
    row = {
        "system": system,
        "name": name,
        "digest": about["checksum"],
        "embedding_version": str(about.get("embedding_version", "")),
        "revision": _revision(about),
        "state": WHOLE,
        "bytes": size,
        "about": json.dumps(about),
        "author": author,
        "reason": reason,
        "created": now(),
    }
    connection.execute(sa.insert(generations), row)
    return name


def pointer(connection: Connection, system: str) -> tuple[int, str | None]:
    """Return how often the pointer was moved, and the name to which."""
    m = generation_moves.c
    query = sa.select(m.number, m.generation).where(m.system == system)
    found = connection.execute(query.order_by(m.number.desc()).limit(1)).first()
    return (0, None) if found is None else (int(found[0]), str(found[1]))


def move(database: Database, connection: Connection, system: str, name: str) -> None:
    """Let a generation answer, and tell every service once it is committed."""
    in_turn(database, connection, f"generations:{system}")
    number, current = pointer(connection, system)
    if current == name:
        return
    author, reason = act("activated")
    row = {
        "system": system,
        "number": number + 1,
        "generation": name,
        "author": author,
        "reason": reason,
        "timestamp": now(),
    }
    connection.execute(sa.insert(generation_moves), row)
    announce(database, connection)


def moves(connection: Connection, system: str, n: int) -> list[dict[str, Any]]:
    """Return the last n moves of the pointer, newest first."""
    m = generation_moves.c
    query = sa.select(m.generation, m.author, m.reason, m.timestamp)
    query = query.where(m.system == system).order_by(m.number.desc()).limit(n)
    return [dict(row) for row in connection.execute(query).mappings()]


def retire(
    database: Database, connection: Connection, system: str, keep: int
) -> list[str]:
    """Give up all but the newest ``keep`` generations; return the digests of the rest.

    The one that answers stays, with the one before it, and so does any that an
    experiment or an unfinished run of the loop names.
    """
    in_turn(database, connection, f"generations:{system}")
    there = names(connection, system)
    if keep <= 0 or len(there) <= keep:
        return []
    _, current = pointer(connection, system)
    kept = {*there[-keep:], *named(connection, system)}
    if current in there:
        at = there.index(current)
        kept |= {*there[max(0, at - 1) : at + 1]}
    gone = sorted(set(there) - kept, key=int)
    if not gone:
        return []
    g = generations.c
    mine = (g.system == system) & g.name.in_(gone)
    digests = list(connection.execute(sa.select(g.digest).where(mine)).scalars())
    connection.execute(sa.update(generations).where(mine).values(state=RETIRED))
    return digests


def named(connection: Connection, system: str) -> Collection[str]:
    """Return the names that experiments, and the last run of the loop, hold."""
    e, s = experiments.c, loop_steps.c
    found: set[str] = set()
    query = sa.select(e.definition).where(e.system == system)
    for text in connection.execute(query).scalars():
        said = json.loads(text)
        found |= {*dict(said.get("generations") or {}).values()}
        found |= {said["answering"]} if said.get("answering") else set()
    query = sa.select(s.details).where(s.system == system)
    for text in connection.execute(
        query.order_by(s.timestamp.desc()).limit(8)
    ).scalars():
        said = json.loads(text)
        found |= {said[key] for key in ("answering", "generation") if said.get(key)}
    return found


def _revision(about: dict[str, Any]) -> int:
    try:
        return int(about["state"]["items"]["revision"])
    except (LookupError, TypeError, ValueError):
        return 0  # without items
