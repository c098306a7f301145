"""How sources of candidates improve with more users."""

from typing import Any

import numpy as np

from lookalike.core.learning_curves import Curves, shares_of
from lookalike.datasets.interactions import Interactions, hold_out_again
from lookalike.evaluate import bootstrap
from lookalike.evaluate.recommending import list_metrics
from lookalike.rank.recommender import pick
from lookalike.systems._recommender.history import History

K = 10
LEARNED = ("EASE", "ALS")  # generators that learn in seconds


def curves_of_sources(system: Any, data: Interactions) -> Curves:
    """Let generators learn from the histories of some users, of half, of all.

    All users who have something hidden are asked for, by all that is known of them.
    """
    inner = hold_out_again(data, system.random_state + 1)
    history = History.known(inner)
    matrices, relevance = system.matrices(history), system.relevance(inner)
    asked = np.flatnonzero(np.diff(relevance.indptr))
    parts = shares_of(np.unique(history.user), system.random_state)
    if len(asked) < 2 or len(parts[0]) < 2:
        return {}
    curves: Curves = {}
    for generator in system.generators():
        if generator.name in LEARNED:
            curves[generator.name] = []
            for users in parts:
                model = generator.model.fit(matrices[generator.fit_matrix][users])
                scores = model.score_items(matrices[generator.score_matrix][asked])
                ids, _ = pick(scores, matrices["plain"][asked], 2 * K, system.n_jobs)
                ndcg = list_metrics(ids, relevance[asked], K)["ndcg_at_10"]
                curves[generator.name].append(bootstrap(np.mean, ndcg))
    return curves
