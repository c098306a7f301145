"""Histories by user, and the parts of a saved funnel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._arrays import named
from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.interactions import Interactions
from lookalike.rank import BoostedRanker, LambdaMART, LogisticRanker
from lookalike.rank.blend import KINDS, Blend
from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.ranker import Ranker

RANKERS = ("auto", "blend", "lambda_mart", "boosted", "logistic")
NAMES = ("user", "item", "value", "time")


@dataclass(frozen=True)
class History:
    """What users did, by user, then in the order of time.

    user, item, value, time : (n,); time is 0 where unknown
    """

    user: Ints
    item: Ints
    value: Floats
    time: Floats
    n_users: int
    n_items: int

    @classmethod
    def known(cls, data: Interactions) -> Self:
        """Return what is not hidden."""
        known = np.flatnonzero(~data.held_out)
        time = np.zeros(len(data.user)) if data.time is None else data.time
        at = known[np.lexsort((time[known], data.user[known]))]
        names = len(data.users), len(data.items)
        return cls(data.user[at], data.item[at], data.value[at], time[at], *names)

    @classmethod
    def given(
        cls, histories: Sequence[Mapping[str, float]], place: Mapping[str, int], n: int
    ) -> Self:
        """Return histories that somebody tells; items not known are passed over."""
        rows = [
            (user, place[item], float(value))
            for user, history in enumerate(histories)
            for item, value in history.items()
            if item in place
        ]
        user = np.array([row[0] for row in rows], np.int64)
        at = np.array([row[1] for row in rows], np.int64)
        values = np.array([row[2] for row in rows], np.float64)
        if not ((values >= 0) & (values < np.inf)).all():
            raise ValueError("Values of a history must be finite and at least 0.")
        return cls(user, at, values, np.zeros(len(user)), len(histories), n)

    def rows(self, users: Sequence[int]) -> "History":
        """Return the histories of some users, in this order; -1 is an empty one."""
        starts = np.searchsorted(self.user, np.arange(self.n_users + 1))
        chosen = np.array(users, np.int64)
        low = np.where(chosen >= 0, starts[chosen], 0)
        size = np.where(chosen >= 0, starts[chosen + 1] - low, 0)
        user = np.repeat(np.arange(len(chosen)), size)
        at = np.arange(len(user)) - np.repeat(np.cumsum(size) - size, size) + low[user]
        columns = self.item[at], self.value[at], self.time[at]
        return History(user, *columns, len(chosen), self.n_items)

    def items_of(self, user: int) -> Ints:
        """Return what a user has."""
        low, high = np.searchsorted(self.user, [user, user + 1])
        return self.item[low:high]

    def matrix(self, values: Array | None = None) -> Any:
        """Return a csr matrix, users by items, of 1 or of these values."""
        filled = np.ones(len(self.user)) if values is None else values
        matrix = sp.csr_array(
            (np.asarray(filled, np.float32), (self.user, self.item)),
            shape=(self.n_users, self.n_items),
        )
        matrix.sort_indices()
        return matrix

    def arrays(self) -> dict[str, Array]:
        """Return the columns by name."""
        return {
            "history_user": self.user,
            "history_item": self.item,
            "history_value": self.value,
            "history_time": self.time,
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Array], n_users: int, n_items: int
    ) -> Self:
        """Return histories, every place checked."""
        columns = [np.asarray(arrays[f"history_{name}"]) for name in NAMES]
        user, item, value, time = columns
        whole = len({len(column) for column in columns}) == 1
        for places, n in ((user, n_users), (item, n_items)):
            whole = whole and places.min(initial=0) >= 0 and places.max(initial=0) < n
        if not whole or (np.diff(user) < 0).any():
            raise ValueError("its histories are not those of its users and items.")
        return cls(user, item, value, time, n_users, n_items)


def new_ranker(name: str, n_known: int, n_jobs: int | None) -> Ranker:
    """Return a ranker that has learned nothing yet, for so much as is known."""
    if name == "auto":
        name = "blend" if find_spec("lightgbm") else "logistic"
    if name == "logistic":
        return LogisticRanker()
    # Few leaves of many rows each, of parts of rows and columns: right answers are few.
    least = int(np.clip(n_known // 250, 5, 200))
    growth: Any = {"n_estimators": 150, "min_child_samples": least, "n_jobs": n_jobs}
    growth |= {"subsample": 0.5, "colsample": 0.4}
    boosted = BoostedRanker(num_leaves=15, **growth)
    lambda_mart = LambdaMART(num_leaves=7, **growth)
    kinds: dict[str, Ranker] = {
        "boosted": boosted,
        "lambda_mart": lambda_mart,
        "blend": Blend([lambda_mart, boosted]),
    }
    return kinds[name]


def ranker_arrays(ranker: Ranker) -> dict[str, Array]:
    """Return what the ranker needs, by name."""
    return {f"ranker.{name}": array for name, array in ranker.arrays().items()}


def ranker_of(kind: str, arrays: Mapping[str, Array]) -> Ranker:
    """Return the ranker of a generation."""
    kinds: dict[str, Any] = {"Blend": Blend, **KINDS}
    found: Ranker = kinds[kind].from_arrays(named("ranker.", arrays))
    return found


def generator_arrays(generators: Sequence[CandidateGenerator]) -> dict[str, Array]:
    """Return the arrays of the generators' models by name, each model's once."""
    first = {id(each.model): each for each in reversed(generators)}
    return {
        f"{_key(each)}{name}": array
        for each in first.values()
        for name, array in each.model.arrays().items()
    }


def restore(
    generators: Sequence[CandidateGenerator], arrays: Mapping[str, Array], n_items: int
) -> Sequence[CandidateGenerator]:
    """Return the generators with the models that they were saved with."""
    models: dict[int, Any] = {}
    for each in generators:
        if id(each.model) not in models:
            mine, given = named(_key(each), arrays), each.model.get_params()
            model = type(each.model).from_arrays(mine, **given)
            if model.n_features_in_ != n_items:
                raise ValueError(f"{each.name} is not of its {n_items} items.")
            models[id(each.model)] = model
    return [replace(each, model=models[id(each.model)]) for each in generators]


def _key(generator: CandidateGenerator) -> str:
    return f"{generator.name}.".replace(" ", "_")
