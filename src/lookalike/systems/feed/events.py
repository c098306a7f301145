"""What a user did since the log ended, as counts beside those of the log."""

from collections.abc import Mapping, Sequence

import numpy as np

from lookalike._typing import Ints
from lookalike.datasets.feed_log import DWELL, Posts
from lookalike.systems.feed.rows import Totals

RECENT = 5.0
"""How much an event of a service counts beside an impression of the log."""
LIKED = 3.0
"""Of an event's weight, from which it counts as a like; below 0 it is a hide."""
STAYED = 10.0
"""Seconds that somebody is taken to have looked at what was clicked or liked."""


def done_since(
    done: Mapping[int, float], posts: Posts, heads: Sequence[str]
) -> tuple[Totals | None, dict[str, tuple[Ints, Totals]]]:
    """Return what a user did over all, and by author and by topic.

    done : weights of events, by the position of their post
    """
    if not done:
        return None, {}
    names = list(heads)
    post = np.array(list(done), np.int64)
    answers = np.zeros((len(post), len(names)))
    for row, amount in enumerate(done.values()):
        head = "hide" if amount < 0 else "like" if amount >= LIKED else "click"
        if head in names:
            answers[row, names.index(head)] = 1.0
        if DWELL in names and amount > 0:
            answers[row, names.index(DWELL)] = np.log1p(STAYED)
    known = np.ones_like(answers)
    whole = Totals(known.sum(axis=0)[None], answers.sum(axis=0)[None])
    more_of = {}
    for part in ("author", "topic"):
        distinct, where = np.unique(getattr(posts, part)[post], return_inverse=True)
        sums = np.zeros((2, len(distinct), len(names)))
        np.add.at(sums[0], where, known)
        np.add.at(sums[1], where, answers)
        # A few things done today say more than as many impressions long ago.
        more_of[part] = distinct, Totals(RECENT * sums[0], RECENT * sums[1])
    return whole, more_of
