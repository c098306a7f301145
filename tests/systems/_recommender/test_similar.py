"""Similar items: by the users that two items share, then by their descriptions."""

import numpy as np
import scipy.sparse as sp

from lookalike.systems._recommender.history import InteractionHistory
from lookalike.systems._recommender.similar import SHRINK, SimilarItems


def test_scores_are_the_definition_on_random_histories():
    rng = np.random.default_rng(0)
    for n_users, n_items in ((1, 1), (5, 9), (80, 30)):
        has = rng.random((n_users, n_items)) < 0.2
        words = (rng.random((n_items, 6)) < 0.2).astype(float)
        words /= np.maximum(np.sqrt(words.sum(axis=1, keepdims=True)), 1)
        user, item = np.nonzero(has)
        values = np.ones(len(user))
        history = InteractionHistory(user, item, values, 0 * values, n_users, n_items)
        found = SimilarItems.of(history, sp.csr_array(words))
        shared = has.T.astype(float) @ has
        size = np.maximum(has.sum(axis=0), 1)
        cosine = shared / np.sqrt(np.outer(size, size)) * shared / (shared + SHRINK)
        alike = words @ words.T
        scores = np.where(shared > 0, cosine, np.where(alike > 0, alike - 1, -9))
        for one in range(n_items):
            order = [j for j in np.argsort(-scores[one], kind="stable") if j != one]
            order = [j for j in order if scores[one, j] > -9]
            for k in (1, 4, n_items):
                rows, given, n = found.nearest(one, k)
                assert rows.tolist() == order[:k]
                np.testing.assert_allclose(given, scores[one, rows], rtol=1e-6)
                assert n.tolist() == shared[one, rows].tolist()


def test_the_closest_item_has_the_most_users_in_common_for_its_size():
    users = [[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]]
    item_users = sp.csr_array(np.array(users, np.float32))
    similar = SimilarItems(item_users, sp.csr_array((4, 1)))
    assert similar.closest(np.array([1, 2]), 0) == 2
    assert similar.closest(np.array([3]), 0) is None
    assert similar.closest(np.array([], np.int64), 0) is None
