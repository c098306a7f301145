"""Auctions of a log, held again: what each way to rank would have earned.

The ads that a page showed are candidates for one place. A ranker orders them by bid
times its probability; the winner pays, if it was clicked, the least bid that would have
won. Only what was shown can win, so that every click is known; positions in the log
differ, for all rankers alike.
"""

from collections.abc import Mapping

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.datasets.click_log import ClickLog


def replayed_revenue(log: ClickLog, chances: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the revenue of each page by each ranker; empty without pages of several.

    chances : (n_rows,), probabilities of a click, by name

    Examples
    --------
    >>> from lookalike.datasets.ad_simulator import simulate_ads
    >>> log = simulate_ads(n_users=50, n_ads=30, n_pages=5000)
    >>> found = replayed_revenue(log, {"truth": log.chance, "bids": log.chance * 0 + 1})
    >>> len(found["truth"]), bool(found["truth"].mean() > found["bids"].mean())
    (5000, True)
    """
    begin = pages_of(log)
    sizes = np.diff(np.append(begin, len(log)))
    several = sizes > 1
    if not several.any() or len(np.unique(log.ads.bid)) == 1:
        return {}
    page = np.repeat(np.arange(len(begin)), sizes)
    bid = log.ads.bid[log.ad]
    found: dict[str, Floats] = {}
    for name, chance in chances.items():
        worth = bid * chance
        order = np.lexsort((-worth, page))
        first = order[begin]
        second = order[np.minimum(begin + 1, len(order) - 1)]
        price = np.minimum(worth[second] / chance[first], bid[first])
        found[name] = (price * log.clicked[first])[several].astype(np.float64)
    return found


def pages_of(log: ClickLog) -> Ints:
    """Return the first row of each page: adjacent rows of one user and time."""
    if not len(log):
        return np.empty(0, np.int64)
    same = (np.diff(log.user) == 0) & (np.diff(log.time) == 0)
    return np.flatnonzero(np.append(True, ~same))
