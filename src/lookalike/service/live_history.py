"""What users did since their generation learned: from the events of the database.

Events are read when a user is answered, so that they count in the next answer of every
worker, and are as durable as they were acknowledged. A generation that has learned from
events says up to which: those count no second time.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._event_weights import event_weight, plain_name
from lookalike.service.database.tables import events, exposures

_VALUED = ("play", "rate", "rating", "listen", "watch")
"""Actions whose value says how much was done; others count by their kind."""
_UNWANTED = ("dislike", "hide", "notinterested")
LATE = 60_000_000
"""Microseconds for which an event may be on its way to being seen by readers."""


class Done(NamedTuple):
    """What a user did with a thing, over all of their events.

    amount : -1 where it is not wanted
    time : seconds since 1970, of the last event
    """

    user: str
    thing: str
    amount: float
    time: float


def histories_of(
    connection: Connection,
    system: str,
    users: Sequence[str],
    learned: int = 0,
    until: int | None = None,
) -> dict[str, dict[str, float]]:
    """Return how much each user did with each thing, the latest last; -1: not wanted.

    What is done several times adds up. Users without events are left out, and so are
    events on what another system has shown: its things may have the same ids.

    Parameters
    ----------
    learned : int
        The microsecond up to whose arrivals the generation has learned: of those only
        what is not wanted counts.
    until : int, optional
        Only what arrived before this microsecond: histories as they were then.

    Cost: one look at the index of events by user for each 500 users.
    """
    found: dict[str, dict[str, float]] = {}
    names = list(dict.fromkeys(users))
    for start in range(0, len(names), 500):
        query = _events_of(system)
        query = query.where(events.c.user_id.in_(names[start : start + 500]))
        if until is not None:
            query = query.where(events.c.received < until)
        query = query.order_by(events.c.timestamp, events.c.event_id)
        for user, thing, action, value, _, received in connection.execute(query):
            done = found.setdefault(user, {})
            is_learned = received < learned - LATE
            _add(done, thing, plain_name(action), value, is_learned)
    return {user: done for user, done in found.items() if done}


def everything_done(
    connection: Connection, system: str, until: int, since: int = 0
) -> Iterator[Done]:
    """Yield what all users did with each thing, of the events that arrived by then.

    since : microsecond after which they arrived

    By user, then the latest last. Amounts are those of :func:`histories_of`.
    """
    query = _events_of(system)
    query = query.where(events.c.user_id.is_not(None), events.c.received <= until)
    if since:
        query = query.where(events.c.received > since)
    query = query.order_by(events.c.user_id, events.c.timestamp, events.c.event_id)
    rows = connection.execution_options(yield_per=1_000).execute(query)
    before: str | None = None
    done: dict[str, float] = {}
    last: dict[str, float] = {}
    for user, thing, action, value, moment, received in rows:
        if user != before and before is not None:
            yield from _each(before, done, last)
            done, last = {}, {}
        before = user
        _add(done, thing, plain_name(action), value)
        last[thing] = min(moment, received) / 1e6  # the clock of a client may be wrong
    if before is not None:
        yield from _each(before, done, last)


def count_since(connection: Connection, system: str, learned: int) -> int:
    """Return how many events of users arrived after this microsecond."""
    mine = _events_of(system).where(events.c.user_id.is_not(None))
    mine = mine.where(events.c.received > learned)
    query = sa.select(sa.func.count()).select_from(mine.subquery())
    return int(connection.execute(query).scalar_one())


def _events_of(system: str) -> sa.Select[Any]:
    """Events about a thing that no other system has shown."""
    return (
        sa.select(
            *(events.c.user_id, events.c.object_id, events.c.action_name),
            *(events.c.value, events.c.timestamp, events.c.received),
        )
        .outerjoin(exposures, exposures.c.query_id == events.c.query_id)
        .where(sa.func.coalesce(exposures.c.system, system) == system)
        .where(events.c.object_id.is_not(None))
    )


def _each(user: str, done: dict[str, float], last: dict[str, float]) -> Iterator[Done]:
    for thing, amount in done.items():
        yield Done(user, thing, amount, last[thing])


def _add(
    done: dict[str, float],
    thing: str,
    action: str,
    value: float | None,
    is_learned: bool = False,
) -> None:
    if action in _UNWANTED:
        done.pop(thing, None)
        done[thing] = -1.0
        return
    amount = event_weight(action)
    if action in _VALUED and value is not None:
        amount = value if 0 <= value < np.inf else 0.0
    if amount > 0:
        before = done.pop(thing, 0.0)
        if not is_learned:
            done[thing] = max(before, 0.0) + amount
