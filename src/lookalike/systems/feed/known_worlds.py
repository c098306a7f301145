"""Lists beside the best ones, in a world whose every probability is known."""

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.datasets.feed_log import FeedLog
from lookalike.systems.feed.system import Feed


def known_worth(
    system: Feed, data: FeedLog, n_lists: int, k: int = 10
) -> tuple[Floats, Floats]:
    """Value of the best lists of a simulated world, and of the system's, (n,) each.

    The best list takes, at each place, the post that is truly most valuable among all
    that the user may be shown. Users are the first ones.
    """
    truth, weights = data.truth, system.weights_
    n_authors, posts = len(data.authors), data.posts
    now, device = system.now_, "phone"
    authors = np.arange(n_authors)
    best: list[float] = []
    mine: list[float] = []
    for user in range(min(n_lists, len(data.users))):
        every = system.eligible(user)
        own = np.full(n_authors, user)
        shown = system.shown_today(own, authors)
        found: Ints = truth.best_list(user, every, now, weights, k, shown)
        [slate] = system.recommend_each([str(data.users[user])], k)
        places = {id: at for at, id in enumerate(posts.ids.tolist())}
        ours = np.array([places[id] for id in slate.ids], np.int64)
        for lists, chosen in ((best, found), (mine, ours)):
            worth = truth.worth(user, chosen, now, device, shown)
            lists.append(sum(weights[name] * worth[name] for name in weights))
    return np.array(best), np.array(mine)
