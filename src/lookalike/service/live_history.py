"""What users did since their generation learned: from the events of the database.

Events are read when a user is answered, so that they count in the next answer of every
worker, and are as durable as they were acknowledged.
"""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._event_weights import event_weight, plain_name
from lookalike.service.database.tables import events, exposures

_VALUED = ("play", "rate", "rating", "listen", "watch")
"""Actions whose value says how much was done; others count by their kind."""
_UNWANTED = ("dislike", "hide", "notinterested")


def histories_of(
    connection: Connection, system: str, users: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return how much each user did with each thing, the latest last; -1: not wanted.

    What is done several times adds up. Users without events are left out, and so are
    events on what another system has shown: its things may have the same ids.

    Cost: one look at the index of events by user for each 500 users.
    """
    found: dict[str, dict[str, float]] = {}
    names = list(dict.fromkeys(users))
    for start in range(0, len(names), 500):
        query = (
            sa.select(
                *(events.c.user_id, events.c.object_id),
                *(events.c.action_name, events.c.value),
            )
            .outerjoin(exposures, exposures.c.query_id == events.c.query_id)
            .where(sa.func.coalesce(exposures.c.system, system) == system)
            .where(events.c.user_id.in_(names[start : start + 500]))
            .where(events.c.object_id.is_not(None))
            .order_by(events.c.timestamp, events.c.event_id)
        )
        for user, thing, action, value in connection.execute(query):
            _add(found.setdefault(user, {}), thing, plain_name(action), value)
    return {user: done for user, done in found.items() if done}


def _add(done: dict[str, float], thing: str, action: str, value: float | None) -> None:
    if action in _UNWANTED:
        done.pop(thing, None)
        done[thing] = -1.0
        return
    amount = event_weight(action)
    if action in _VALUED and value is not None:
        amount = value if 0 <= value < np.inf else 0.0
    if amount > 0:
        done[thing] = max(done.pop(thing, 0.0), 0.0) + amount
