"""How the ranker of events improves with more lists."""

import numpy as np

from lookalike.core.learning_curves import Curves, shares_of
from lookalike.datasets.events import EventData
from lookalike.evaluate import QueryGroups, bootstrap
from lookalike.systems.events.rankers import fit_ranker
from lookalike.systems.events.system import Events, K

VALIDATION = 0.2  # of the lists before the split, the last ones


def curves_of_lists(system: Events, data: EventData) -> Curves:
    """Fit the ranker that answers to a quarter of the lists, to half, and to all.

    Of the lists before the split the last fifth validates.
    """
    before = np.flatnonzero(data.shown.time < data.split)
    numbers = np.unique(data.lists[before])
    n_learned = round((1 - VALIDATION) * len(numbers))
    later = np.isin(data.lists[before], numbers[n_learned:])
    validation = QueryGroups(data.lists[before][later], data.joined[before][later])
    shown = data.shown.where(before)
    X = system.features_.rows(shown.person, shown.event, shown.time)
    parts = []
    for chosen in shares_of(numbers[:n_learned], system.random_state):
        rows = np.flatnonzero(np.isin(data.lists[before], chosen))
        parts.append((rows, np.unique(data.lists[before][rows], return_counts=True)[1]))
    smallest = data.joined[before][parts[0][0]]
    if validation.n_evaluated < 2 or not smallest.any() or smallest.all():
        return {}
    estimates = []
    for rows, groups in parts:
        ranker = fit_ranker(
            *(system.model, system.random_state, system.n_jobs),
            *(X[rows], data.joined[before][rows], groups),
        )
        scores = ranker.score_rows(X[later])
        estimates.append(bootstrap(np.mean, validation.ndcg(scores, K)))
    return {system.model.replace("_", " "): estimates}
