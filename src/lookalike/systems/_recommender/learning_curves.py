"""How candidate generators improve with more users."""

import numpy as np

from lookalike.core.learning_curves import Curves, shares_of
from lookalike.datasets.interactions import Interactions, hold_out_again
from lookalike.evaluate import bootstrap
from lookalike.evaluate.recommending import list_metrics
from lookalike.rank.recommender import pick
from lookalike.systems._recommender.base import K, RecommenderSystem
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.history import InteractionHistory

LEARNED = ("EASE", "ALS")  # generators that are fitted in seconds


def curves_of_generators(system: RecommenderSystem, data: Interactions) -> Curves:
    """Fit generators on the histories of some users, of half, of all.

    Lists are made for all users who have something held out, from all that is known of
    them.
    """
    inner, catalogue = hold_out_again(data, system.random_state + 1), Catalogue.of(data)
    history, relevance = InteractionHistory.known(inner), system.relevance(inner)
    matrices = system.matrices(history, catalogue)
    tested = np.flatnonzero(np.diff(relevance.indptr))
    parts = shares_of(np.unique(history.user), system.random_state)
    if len(tested) < 2 or len(parts[0]) < 2:
        return {}
    curves: Curves = {}
    for generator in system.generators(catalogue):
        if generator.name in LEARNED:
            curves[generator.name] = []
            for users in parts:
                model = generator.model.fit(matrices[generator.fit_matrix][users])
                scores = model.score_items(matrices[generator.score_matrix][tested])
                ids, _ = pick(scores, matrices["plain"][tested], 2 * K, system.n_jobs)
                ndcg = list_metrics(ids, relevance[tested], K)["ndcg_at_10"]
                curves[generator.name].append(bootstrap(np.mean, ndcg))
    return curves
