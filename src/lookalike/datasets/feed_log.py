"""A log of a feed: who was shown which post where, and everything that they did.

Actions are columns of zeros and ones, nan where nobody knows; ``dwell`` is how long a
post was looked at, in seconds. Decisions that were left to chance are kept with what
they were drawn from, so that other weights can be judged by the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints

DWELL = "dwell"
"""The head of the time: a regression in the logarithm of one second more."""


@dataclass(frozen=True)
class Posts:
    """Posts, one a row.

    ids : (n_posts,), names
    author : int64 (n_posts,), positions in the authors of the log
    created : float64 (n_posts,), seconds since 1970
    topic : int64 (n_posts,), positions in the topics of the log
    numbers : float64 (n_posts,) by name, what else is known when a post appears
    """

    ids: Array
    author: Ints
    created: Floats
    topic: Ints
    numbers: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Draws:
    r"""Places of lists that were drawn from a pool, with their true propensities.

    With share :math:`\epsilon` a place got any of its m posts, otherwise the first, as
    ``rank.slate.explore`` does.

    row : int64 (n_draws,), the impression that was drawn
    pool : int64 (n_draws, m), posts, best first by the ranker that ran
    chosen : int64 (n_draws,), column of the post that was shown
    share : float, probability of exploring
    """

    row: Ints
    pool: Ints
    chosen: Ints
    share: float

    @property
    def propensity(self) -> Floats:
        """Probability of each column, (n_draws, m)."""
        found = np.full(self.pool.shape, self.share / self.pool.shape[1])
        found[:, 0] += 1 - self.share
        return found

    def taking(self, kept: Array) -> "Draws":
        """Return the draws of a mask, bool (n_draws,)."""
        return replace(
            self,
            row=self.row[kept],
            pool=self.pool[kept],
            chosen=self.chosen[kept],
        )


@dataclass(frozen=True)
class FeedLog:
    """Impressions of posts in the order of time.

    name, checksum : of the data
    users, authors, topics : names
    posts : Posts
    follows, blocks : int64 (n, 2), users and the authors whom they follow, or mute
    user, post, time, place : (n,), of the impressions; places begin with 1
    device : (n,), names
    shuffled : bool (n,), whether the whole list was in random order
    actions : zeros and ones, nan where unknown, (n,), by name
    is_test : bool (n,)
    dwell : seconds, (n,), nan where unknown; None where no row has it
    draws : Draws or None
    truth : what made a simulated log
    """

    name: str
    checksum: str
    users: Array
    authors: Array
    topics: Array
    posts: Posts
    follows: Ints
    blocks: Ints
    user: Ints
    post: Ints
    time: Floats
    place: Ints
    device: Array
    shuffled: Array
    actions: Mapping[str, Floats]
    is_test: Array
    dwell: Floats | None = None
    draws: Draws | None = None
    truth: Any = field(default=None, repr=False, compare=False)
    options: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many impressions there are."""
        return len(self.user)

    @property
    def heads(self) -> list[str]:
        """Names of what is predicted: the actions, and the time where it is known."""
        return [*self.actions, *([DWELL] if self.dwell is not None else [])]

    def labels(self, head: str) -> Floats:
        """What a head is to predict: 0 or 1, or the logarithm of the time, (n,)."""
        if head != DWELL:
            return self.actions[head]
        assert self.dwell is not None  # else there is no such head
        return np.log1p(self.dwell)
