"""A funnel: what its generators learn from and score by, and what its ranker sees."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from lookalike.rank import (
    EASE,
    CandidateGenerator,
    Funnel,
    LogisticRanker,
    Popularity,
    TrainingBatch,
)


def likes(seed, n_users=60, n_items=12):
    rng = np.random.default_rng(seed)
    return sp.csr_array((rng.random((n_users, n_items)) < 0.3).astype(np.float32))


PLAIN = likes(0)
MATRICES = {"plain": PLAIN, "weighted": PLAIN * 3.0, "late": PLAIN * 0.5}
LIKE_THESE = CandidateGenerator("like these", EASE(2.0), 5, "goes with what you have")


def found(**options):
    generator = replace(LIKE_THESE, model=EASE(2.0), **options)
    return Funnel([generator], LogisticRanker()).refit_generators(MATRICES)


@pytest.mark.parametrize("fitted_on", ["plain", "weighted"])
@pytest.mark.parametrize("scored_by", ["plain", "late"])
def test_a_generator_is_fitted_on_one_matrix_and_scores_by_another(
    fitted_on, scored_by
):
    funnel = found(fit_matrix=fitted_on, score_matrix=scored_by)
    candidates = funnel.candidates(MATRICES)
    model = EASE(2.0).fit(MATRICES[fitted_on])
    scores = model.score_items(MATRICES[scored_by])
    for user in range(PLAIN.shape[0]):
        left = np.flatnonzero(PLAIN[[user]].toarray()[0] == 0)
        best = left[np.argsort(-scores[user, left], kind="stable")[:5]]
        rows = candidates.user == user
        assert candidates.item[rows].tolist() == sorted(best)
        places = candidates.positions[rows, 0]
        assert candidates.item[rows][places.argsort()].tolist() == best.tolist()
        np.testing.assert_array_equal(
            candidates.scores[rows, 0], scores[user, np.sort(best)]
        )


def test_a_generator_that_is_fitted_already_stays_as_it_is():
    other = likes(1)
    model = EASE(2.0).fit(other)
    generator = replace(LIKE_THESE, model=model, prefitted=True)
    funnel = Funnel([generator], LogisticRanker()).refit_generators(MATRICES)
    weights = EASE(2.0).fit(other).weights_
    np.testing.assert_array_equal(model.weights_, weights)
    rows = funnel.candidates(MATRICES)
    expected = (PLAIN @ weights)[rows.user, rows.item]
    np.testing.assert_allclose(rows.scores[:, 0], expected, rtol=1e-5)


def test_features_of_items_reach_the_ranker():
    """What is held out depends on a column of the items alone."""
    good = np.arange(12) % 2
    held_out = sp.csr_array((PLAIN.toarray() == 0) & (good == 1))
    generators = [CandidateGenerator("popular", Popularity(), 12, "popular")]
    features = np.stack([good, np.arange(12)], axis=1)
    orders = {}
    for given in (features, None):
        funnel = Funnel(generators, LogisticRanker())
        funnel.fit([TrainingBatch(MATRICES, held_out, given)])
        slate = funnel.rank({"plain": PLAIN[[0]]}, features=True)[0]
        orders[given is None] = good[slate.items].tolist()
        names = funnel.feature_names(
            ["good", "number"] if given is not None else [], []
        )
        assert slate.columns["features"].shape == (len(slate), len(names))
    assert orders[False] == sorted(orders[False], reverse=True)
    assert orders[True] != sorted(orders[True], reverse=True)
    np.testing.assert_allclose(
        slate.columns["features"][:, names.index("popularity")],
        np.log1p(PLAIN.toarray().sum(axis=0))[slate.items],
        rtol=1e-6,
    )
