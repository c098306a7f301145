"""Lists that were shown, with what was done with them and how chance made them.

With ``explore`` above 0, two kinds of lists are left to chance. Of a suggestion the
last place is drawn from the items that could have stood there, whose names, scores and
features are logged with it. Of a search the order is shuffled, or not.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from lookalike._event_weights import event_weight, plain_name
from lookalike._typing import Array, Floats
from lookalike.service.database import Database
from lookalike.service.database.mentions import NOBODY
from lookalike.service.database.tables import events, exposures
from lookalike.service.training import outcomes_of

ANY, VALUE = "any", "value"
"""Rewards that are no action: that anything was done, and the sum of the values."""
Reward = Callable[[Sequence[Any]], float]
"""Returns what the events on one item of one list are worth."""


@dataclass(frozen=True)
class Draw:
    """What a list's last place was drawn from.

    items : names of the m items that could have stood there, best first
    scores : float64 (m,); features : float32 (m, n_features)
    share : probability with which the place explored
    taken : row of the item that was shown
    """

    items: list[str]
    scores: Floats
    features: Array
    share: float
    taken: int


@dataclass(frozen=True)
class LoggedList:
    """One list that was shown.

    user : whose list it was, None where it was not said
    timestamp : microseconds since 1970
    ids, scores, propensities, rewards : of each position, best first
    draw : None where no place was left to chance
    """

    query_id: str
    user: str | None
    generation: str
    timestamp: int
    ids: list[str]
    scores: Floats
    propensities: Floats
    rewards: Floats
    draw: Draw | None

    @property
    def is_shuffled(self) -> bool:
        """Whether the order of the whole list was left to chance."""
        n = len(self.ids)
        return n > 1 and bool(np.allclose(self.propensities, 1 / n))


def reward_of(name: str) -> Reward:
    """Return what is counted: "any", "value", or the name of an action.

    "any" counts actions that say that the item was wanted, once an item.

    Examples
    --------
    >>> done = [{"action_name": "click", "value": None}]
    >>> [reward_of(name)(done) for name in ("any", "click", "purchase")]
    [1.0, 1.0, 0.0]
    """
    if name == VALUE:
        return lambda done: float(sum(e["value"] or 0.0 for e in done))
    if name == ANY:
        return lambda done: float(any(event_weight(e["action_name"]) > 0 for e in done))
    plain = plain_name(name)
    return lambda done: float(any(plain_name(e["action_name"]) == plain for e in done))


def read_lists(
    database: Database,
    system: str,
    verb: str,
    reward: Reward,
    since: int = 0,
    until: int | None = None,
) -> list[LoggedList]:
    """Return the lists that a system showed, in the order of time.

    verb : "recommend" or "search"; empty lists, and those that named somebody who was
        deleted since, are left out
    since, until : microseconds; of when it was shown, ``until`` not included

    Cost: one pass over the exposures and events of that time.
    """
    mine = (exposures.c.system == system) & (exposures.c.verb == verb)
    mine &= exposures.c.timestamp >= since
    if until is not None:
        mine &= exposures.c.timestamp < until
    shown = sa.select(exposures).where(mine)
    shown = shown.order_by(exposures.c.timestamp, exposures.c.query_id)
    queries = sa.select(exposures.c.query_id).where(mine)
    found = []
    with database.reading() as connection:
        outcomes = outcomes_of(connection, events.c.query_id.in_(queries))
        rows = connection.execution_options(yield_per=1_000).execute(shown)
        for row in rows.mappings():
            hits, drawn = json.loads(row["hits"]), json.loads(row["drawn"] or "[]")
            if not hits or any(hit[0] == NOBODY for hit in (*hits, *drawn)):
                continue
            ids, scores, propensities = (list(each) for each in zip(*hits, strict=True))
            key = row["query_id"]
            earned = [reward(outcomes.get((key, id), ())) for id in ids]
            found.append(
                LoggedList(
                    *(key, row["user_id"], row["generation"], row["timestamp"]),
                    ids,
                    np.array(scores, np.float64),
                    np.array(propensities, np.float64),
                    np.array(earned, np.float64),
                    _draw(row, drawn, ids[-1]),
                )
            )
    return found


def _draw(row: Any, drawn: list[Any], last: str) -> Draw | None:
    items = [id for id, _ in drawn]
    if last not in items:
        return None
    features = np.frombuffer(row["drawn_features"], "<f4").reshape(len(items), -1)
    scores = np.array([score for _, score in drawn], np.float64)
    share = float(row["drawn_share"])
    return Draw(items, scores, features, share, items.index(last))
