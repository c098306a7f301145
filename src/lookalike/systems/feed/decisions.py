"""Places of lists that were drawn at random, with what heads expected of the pools."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.datasets.feed_log import FeedLog
from lookalike.systems.feed.examination import Examination
from lookalike.systems.feed.heads import Heads
from lookalike.systems.feed.rows import FeedCounts

NEW_USER = 20  # impressions before the decision, below which a user is new


@dataclass(frozen=True)
class Decisions:
    """Places that were drawn, with what the heads expected of the whole pool.

    expected : float32 (n, m, n_heads), of a place that is examined
    examined : float64 (n,)
    reward : float64 (n, n_heads), nan where unknown
    chosen : int64 (n,), column that was shown
    propensity : float64 (n, m)
    topic : int64 (n, m)
    small : bool (n, m), whether the author has fewer followers than most
    new_user : bool (n,)
    topics : names
    """

    expected: Array
    examined: Floats
    reward: Floats
    chosen: Ints
    propensity: Floats
    topic: Ints
    small: Array
    new_user: Array
    topics: Array

    def __len__(self) -> int:
        """How many there are."""
        return len(self.chosen)

    @classmethod
    def of(
        cls, log: FeedLog, heads: Heads, curve: Examination, base: Floats
    ) -> "Decisions":
        """Return the draws among the test impressions of a log; there may be none.

        Counts are those of the moment of each; the heads have not learned from them.
        """
        n_heads = len(heads.names)
        draws = log.draws
        if draws is None or not len(draws.row):
            empty = np.empty((0, 0), np.int64)
            return cls(
                *(np.empty((0, 0, n_heads), np.float32), np.empty(0)),
                *(np.empty((0, n_heads)), np.empty(0, np.int64)),
                *(np.empty((0, 0)), empty, empty.astype(bool), np.empty(0, bool)),
                log.topics,
            )
        draws = draws.taking(log.is_test[draws.row])
        n, m = draws.pool.shape
        row = draws.row
        looks = curve.at(log.device, log.place)
        counts = FeedCounts(log, np.ones(len(log), bool), looks, base)
        user, time = np.repeat(log.user[row], m), np.repeat(log.time[row], m)
        place = np.repeat(log.place[row], m)
        pool = draws.pool.ravel()
        X = counts.features(user, pool, time, place, np.ones(n * m))
        followers = np.bincount(log.follows[:, 1], minlength=len(log.authors))
        small = followers <= np.median(followers)
        order = np.argsort(log.time, kind="stable")
        seen = np.empty(len(log), np.int64)
        seen[order] = _times_before(log.user[order])
        return cls(
            heads.predict(X, counts).reshape(n, m, n_heads).astype(np.float32),
            curve.at(log.device[row], log.place[row]),
            np.column_stack([log.labels(head)[row] for head in heads.names]),
            draws.chosen,
            draws.propensity,
            log.posts.topic[draws.pool],
            small[log.posts.author[draws.pool]],
            seen[row] < NEW_USER,
            log.topics,
        )

    def arrays(self) -> dict[str, Array]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Decisions":
        """Return the decisions of these arrays."""
        return cls(
            **{name: np.asarray(arrays[name]) for name in cls.__dataclass_fields__}
        )


def _times_before(user: Ints) -> Ints:
    """How often each user occurs in the rows above."""
    order = np.argsort(user, kind="stable")
    sizes = np.unique(user, return_counts=True)[1]
    within = np.arange(len(user)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = np.empty(len(user), np.int64)
    found[order] = within
    return found
