r"""What other weights would do, told from the log before anybody is shown it.

A place of a list was drawn from a pool with a known propensity p. With each set of
weights the most valuable post of the pool would stand there. With q what a head
expects, fitted on other impressions, what the new weights bring less than the present
ones is estimated doubly robustly [1]_ by the mean of

.. math:: q(new) - q(now) + \frac{[shown = new] - [shown = now]}{p}\,(r - q(shown)).

Decisions in which both would show the same say 0, without an error. Which authors and
topics would stand there more often is counted, and needs no reward.

References
----------
.. [1] Dudik, Langford and Li (2011). "Doubly robust policy evaluation and learning".
   ICML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.weights import value_of
from lookalike.datasets.feed_log import FeedLog
from lookalike.evaluate import Estimate
from lookalike.evaluate.off_policy import mean_interval
from lookalike.systems.feed.examination import Examination
from lookalike.systems.feed.heads import Heads
from lookalike.systems.feed.rows import FeedCounts

LEAST = 50
"""Decisions in which the shown post is that of one set of weights alone, below which
no interval is printed."""
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


@dataclass(frozen=True)
class Preview:
    """What other weights would change at a place that is drawn.

    weights, present : by head
    n_decisions : that were drawn
    n_other : in which another post would stand there
    n_told : of these, how many showed one of the two
    heads : of each head, what happens now a thousand times the place is shown, and the
        change, with its interval; None where the log cannot say
    groups : of small authors, new users and topics, the share of the places now, and
        the change with its interval
    """

    weights: dict[str, float]
    present: dict[str, float]
    n_decisions: int
    n_other: int
    n_told: int
    heads: dict[str, tuple[float, float, Estimate | None]]
    groups: dict[str, tuple[float, Estimate]]

    def record(self) -> dict[str, Any]:
        """Return everything ready for JSON."""

        def ends(found: Estimate | None) -> list[float] | None:
            return None if found is None else [found.low, found.high]

        return {
            "weights": self.weights,
            "present": self.present,
            "n_decisions": self.n_decisions,
            "n_other": self.n_other,
            "n_told": self.n_told,
            "heads": [
                {"head": name, "now": now, "change": change, "interval": ends(found)}
                for name, (now, change, found) in self.heads.items()
            ],
            "groups": [
                {"group": name, "now": now, "change": f.value, "interval": ends(f)}
                for name, (now, f) in self.groups.items()
            ],
        }


def previewed(
    decisions: Decisions,
    heads: Sequence[str],
    present: Mapping[str, float],
    weights: Mapping[str, float],
) -> Preview:
    """Compare two sets of weights by decisions that were drawn.

    Raises
    ------
    ValueError
        If there are none.
    """
    n = len(decisions)
    if not n:
        raise ValueError(
            "The log has no places that were drawn with a known propensity: nothing "
            "can be told of other weights before they are tried."
        )
    rows = np.arange(n)
    expected = decisions.expected.astype(np.float64)
    now, new = (
        np.argmax(value_of(expected, each), axis=1) for each in (present, weights)
    )
    shown = decisions.chosen
    propensity = decisions.propensity[rows, shown]
    weight = ((shown == new) * 1.0 - (shown == now)) / propensity
    told = int((weight != 0).sum())
    found: dict[str, tuple[float, float, Estimate | None]] = {}
    for at, head in enumerate(heads):
        q = expected[:, :, at] * decisions.examined[:, None]
        reward = decisions.reward[:, at]
        known = np.isfinite(reward)
        terms = q[rows, new] - q[rows, now]
        terms = terms + weight * (np.where(known, reward, 0) - q[rows, shown])
        interval = mean_interval(terms[known]) if known.any() else None
        w_now = (shown == now) / propensity
        level = q[rows, now] + w_now * (np.where(known, reward, 0) - q[rows, shown])
        change = 0.0 if interval is None else interval.value
        enough = told >= LEAST
        found[head] = (
            float(level[known].mean()) if known.any() else 0.0,
            change,
            interval if enough else None,
        )
    groups: dict[str, tuple[float, Estimate]] = {}
    members: dict[str, Array] = {"small authors": decisions.small}
    for at, topic in enumerate(decisions.topics.tolist()):
        members[f"topic {topic}"] = decisions.topic == at
    for name, inside in members.items():
        before, after = (inside[rows, each].astype(np.float64) for each in (now, new))
        groups[name] = float(before.mean()), mean_interval(after - before)
    for name, some in (
        ("other posts for new users", decisions.new_user),
        ("other posts for other users", ~decisions.new_user),
    ):
        if some.sum() > 1:
            groups[name] = 0.0, mean_interval((now != new)[some].astype(np.float64))
    return Preview(
        dict(weights), dict(present), n, int((now != new).sum()), told, found, groups
    )


def _times_before(user: Ints) -> Ints:
    """How often each user occurs in the rows above."""
    order = np.argsort(user, kind="stable")
    sizes = np.unique(user, return_counts=True)[1]
    within = np.arange(len(user)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = np.empty(len(user), np.int64)
    found[order] = within
    return found
