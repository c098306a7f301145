"""Two recommenders on the same held-out items: the gate of a new generation.

The one that answers may have learned what is held out of the new data: it is measured
as if it had not. Both are asked for the same users, by what these are known to have
done; what the one that answers does not know it cannot suggest.
"""

from dataclasses import replace

import numpy as np

from lookalike._typing import Ints
from lookalike.datasets.interactions import Interactions
from lookalike.evaluate import Comparison, paired_test
from lookalike.evaluate.recommending import list_metrics, padded
from lookalike.systems._recommender.base import K, RecommenderSystem
from lookalike.systems._recommender.history import InteractionHistory


def compare(
    answering: RecommenderSystem, learned: RecommenderSystem, data: Interactions
) -> Comparison:
    """Test the nDCG at 10 of two systems user by user; above 0 the new one is better.

    answering : was learned from other data, in which users and items have these names
    learned : from ``data``, without what is held out of them

    Raises
    ------
    ValueError
        If fewer than two users have something held out.
    """
    relevance = learned.relevance(data)
    users = np.flatnonzero(np.diff(relevance.indptr))
    if len(users) < 2:
        raise ValueError("At least two users must have something held out.")
    history = InteractionHistory.known(data).rows(users.tolist())
    earlier = answering.without_held_out(data)
    here = _rows_in(data.items.tolist(), earlier.catalogue_.item_rows)
    there = _rows_in(earlier.catalogue_.items.tolist(), learned.catalogue_.item_rows)
    rows = earlier.catalogue_.rows_of_users(data.users[users])
    known = history.of_items(here, len(there))
    known = replace(known, known_as=np.array(rows, np.int64))
    lists = [slate.items for slate in learned.lists(history, K)]
    before = [there[slate.items] for slate in earlier.lists(known, K)]
    ours, theirs = (
        list_metrics(padded(each, 2 * K), relevance[users], K)["ndcg_at_10"]
        for each in (lists, before)
    )
    return paired_test(ours, theirs)


def _rows_in(names: list[str], row_of: dict[str, int]) -> Ints:
    """Rows of these names; -1 is unknown."""
    return np.array([row_of.get(name, -1) for name in names], np.int64)
