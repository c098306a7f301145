"""How sources of candidates improve with more users."""

from typing import Any

import numpy as np

from lookalike.core.learning_curves import Curves, shares_of
from lookalike.datasets.interactions import Interactions, hide_again
from lookalike.evaluate import bootstrap
from lookalike.evaluate.recommending import list_metrics
from lookalike.rank.recommender import pick
from lookalike.systems._recommender.history import History

K = 10
LEARNED = ("EASE", "ALS")  # sources that learn in seconds


def curves_of_sources(system: Any, data: Interactions) -> Curves:
    """Let sources learn from the histories of some users, of half, of all.

    All users who have something hidden are asked for, by all that is known of them.
    """
    inner = hide_again(data, system.random_state + 1)
    history = History.known(inner)
    views, wanted = system.views(history), system.wanted(inner)
    asked = np.flatnonzero(np.diff(wanted.indptr))
    parts = shares_of(np.unique(history.user), system.random_state)
    if len(asked) < 2 or len(parts[0]) < 2:
        return {}
    curves: Curves = {}
    for source in system.sources():
        if source.name in LEARNED:
            curves[source.name] = []
            for users in parts:
                model = source.model.fit(views[source.learns][users])
                scores = model.score_items(views[source.asks][asked])
                ids, _ = pick(scores, views["plain"][asked], 2 * K, system.n_jobs)
                ndcg = list_metrics(ids, wanted[asked], K)["ndcg_at_10"]
                curves[source.name].append(bootstrap(np.mean, ndcg))
    return curves
