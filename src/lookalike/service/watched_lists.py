"""What is watched of the lists that a generation showed: features, scores, outcomes.

Of each user one list counts in a window, because a user's lists are alike. The
features are those of the first item, as the ranker saw it, or the vector of a query
along the directions in which those of the reference vary most.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from lookalike._event_weights import event_weight
from lookalike._typing import Array, Floats
from lookalike.learn import PCA
from lookalike.service.database import Database
from lookalike.service.database.mentions import NOBODY
from lookalike.service.database.tables import events, exposures
from lookalike.service.training import OF_EACH_HIT, outcomes_of

MOST = 5_000
"""Lists of a window that are looked at."""
N_COMPONENTS = 8
SCORE, SIZE = "score of the first", "number shown"
_VERBS = ("recommend", "search", "classify", "suggest")


@dataclass(frozen=True)
class Watched:
    """Lists of a window, in the order of time.

    features : float64 (n_lists, n_features), nan where a list has none
    score : float64 (n_lists,), of the first item, nan of empty lists
    size : float64 (n_lists,), how many were shown
    acted : float64 (n_lists,), 1 where anything was done with an item of the list
    first_acted : float64 (n_lists,), 1 where something was done with the first item
    """

    features: Floats
    score: Floats
    size: Floats
    acted: Floats
    first_acted: Floats

    def __len__(self) -> int:
        return len(self.score)

    def taking(self, kept: Array) -> "Watched":
        """Return the lists of a mask, bool (n_lists,)."""
        return Watched(
            *(self.features[kept], self.score[kept], self.size[kept]),
            *(self.acted[kept], self.first_acted[kept]),
        )


def verb_of(spec: Any) -> str | None:
    """Return what of a system is watched, None where it shows no lists."""
    return next((verb for verb in _VERBS if spec.can(verb)), None)


def first_shown(
    database: Database, system: str, verb: str, generation: str
) -> int | None:
    """Return the microsecond at which a generation first showed a list."""
    c = exposures.c
    mine = c.system == system, c.verb == verb, c.generation == generation
    query = sa.select(sa.func.min(c.timestamp)).where(*mine)
    with database.reading() as connection:
        found = connection.execute(query).scalar_one()
    return None if found is None else int(found)


def read_window(
    database: Database, system: str, verb: str, generation: str, since: int, until: int
) -> Watched:
    """Return lists that a generation showed in a span of time, ``until`` not included.

    Of more than ``MOST``, those whose ids come first: ids are random. Cost: that of
    reading so many lists, and the events on them.
    """
    c = exposures.c
    mine = (c.system == system) & (c.verb == verb) & (c.generation == generation)
    mine &= (c.timestamp >= since) & (c.timestamp < until)
    shown = sa.select(exposures).where(mine).order_by(c.query_id).limit(MOST)
    queries = shown.with_only_columns(c.query_id)
    rows: list[Any] = []
    users: set[str] = set()
    with database.reading() as connection:
        outcomes = outcomes_of(connection, events.c.query_id.in_(queries))
        for row in connection.execute(shown).mappings():
            user = row["user_id"] or row["client_id"] or row["session_id"]
            if user is not None and user in users:
                continue
            if user is not None:
                users.add(user)
            rows.append(row)
    rows.sort(key=lambda row: (row["timestamp"], row["query_id"]))
    return _watched(rows, outcomes)


def _watched(rows: list[Any], outcomes: Any) -> Watched:
    features, columns = [], []
    for row in rows:
        hits = json.loads(row["hits"])
        whole = np.frombuffer(row["features"], "<f4").astype(np.float64)
        if row["verb"] in OF_EACH_HIT:
            whole = whole.reshape(len(hits), -1)[0] if hits else whole[:0]
        features.append(whole)
        acted = [
            any(
                event_weight(event["action_name"]) > 0
                for event in outcomes.get((row["query_id"], hit[0]), ())
            )
            for hit in hits
            if hit[0] != NOBODY
        ]
        is_first = bool(acted) and hits[0][0] != NOBODY and acted[0]
        score = float(hits[0][1]) if hits else np.nan
        columns.append((score, len(hits), any(acted), is_first))
    width = max((len(each) for each in features), default=0)
    table = np.full((len(rows), width), np.nan)
    for at, each in enumerate(features):
        if len(each) == width:
            table[at] = each
    numbers = np.array(columns, np.float64).reshape(-1, 4).T
    return Watched(table, *numbers)


def table_of(
    reference: Watched, now: Watched, names: list[str]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the columns of two windows by name: those with numbers in both.

    names : of the features; others become the directions in which the reference varies
    """
    before, after = reference.features, now.features
    if before.shape[1] != after.shape[1]:
        before, after = before[:, :0], after[:, :0]
    if before.shape[1] != len(names):
        before, after = _components(before, after)
        names = [f"component {at + 1}" for at in range(before.shape[1])]
    tables = []
    for window, table in ((reference, before), (now, after)):
        columns = dict(zip(names, table.T, strict=True))
        tables.append({**columns, SCORE: window.score, SIZE: window.size})
    kept = [n for n in tables[0] if all(np.isfinite(t[n]).any() for t in tables)]
    one, two = ({name: table[name] for name in kept} for table in tables)
    return one, two


def _components(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    whole = [table[np.isfinite(table).all(axis=1)] for table in (before, after)]
    n = min(N_COMPONENTS, before.shape[1], len(whole[0]))
    if not n or not len(whole[1]):
        return before[:, :0], after[:, :0]
    model = PCA(n).fit(whole[0])
    found = []
    for table, rows in zip((before, after), whole, strict=True):
        own = np.full((len(table), n), np.nan)
        own[np.isfinite(table).all(axis=1)] = model.transform(rows)
        found.append(own)
    return found[0], found[1]
