"""The linear listwise ranker: its definition, conventions, arrays, refusals."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from lookalike.evaluate import ndcg_at_k
from lookalike.rank._list_softmax import softmax_loss
from lookalike.rank.listwise_ranker import ListwiseRanker


def lists(n=60, seed=0):
    """Lists of different lengths with grades; two features are nearly the same."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, n)
    X = rng.normal(size=(sizes.sum(), 4)) * [1, 5, 0.2, 1] + [0, 3, 0, 50]
    X[:, 3] = X[:, 0] + 0.01 * X[:, 3]
    merit = X[:, 0] - X[:, 1] / 5 + rng.normal(0, 0.5, len(X))
    return X.astype(np.float32), np.maximum(np.round(merit), 0), sizes


def definition(scores, y, sizes):
    """The cross-entropy of lists, list by list."""
    loss, begin = 0.0, 0
    for size in sizes:
        s, t = scores[begin : begin + size], y[begin : begin + size]
        loss += (t * (np.log(np.exp(s).sum()) - s)).sum()
        begin += size
    return loss


def test_slopes_are_those_of_the_definition():
    X, y, sizes = lists(12)
    scores = np.random.default_rng(1).normal(size=len(X))
    loss, slopes = softmax_loss(scores, y, sizes)
    assert loss == pytest.approx(definition(scores, y, sizes))
    expected = approx_fprime(scores, definition, 1e-7, y, sizes)
    np.testing.assert_allclose(slopes, expected, atol=1e-4)
    high, _ = softmax_loss(scores + 800, y, sizes)  # exp(800) is too large for a float
    assert high == pytest.approx(loss)


@pytest.mark.parametrize("C", [0.02, 3.0])
def test_weights_are_the_least_of_the_definition(C):
    X, y, sizes = lists()
    s = np.random.default_rng(1).uniform(0.5, 2, len(X))
    ranker = ListwiseRanker(C, tol=1e-8).fit(X, y, sizes, sample_weight=s)
    Z = (X.astype(float) - X.mean(axis=0, dtype=float)) / X.std(axis=0, dtype=float)
    weighted = y * s.astype(np.float32)

    def objective(w):
        return C * definition(Z @ w, weighted, sizes) + w @ w / 2

    best = minimize(objective, np.zeros(4), options={"gtol": 1e-4})
    np.testing.assert_allclose(ranker.weights_, best.x, atol=1e-3)
    np.testing.assert_allclose(ranker.score_rows(X), Z @ ranker.weights_, atol=1e-4)


def test_the_level_of_a_list_teaches_nothing():
    X, y, sizes = lists()
    level = np.repeat(np.random.default_rng(2).normal(0, 9, len(sizes)), sizes)
    plain = ListwiseRanker().fit(X, y, sizes)
    wide = ListwiseRanker().fit(np.column_stack([X, level]), y, sizes)
    np.testing.assert_allclose(wide.weights_[:4], plain.weights_, atol=1e-3)
    assert abs(wide.weights_[4]) < 1e-3


def test_it_orders_new_lists():
    ranker = ListwiseRanker().fit(*lists(200))
    X, y, sizes = lists(200, seed=1)
    scores, found, begin = ranker.score_rows(X), [], 0
    for size in sizes:
        rows = slice(begin, begin + size)
        grades = y[rows][np.argsort(-scores[rows])]
        if grades.any() and size > 2:
            found.append(ndcg_at_k([grades], 3)[0])
        begin += size
    assert np.mean(found) > 0.9


@parametrize_with_checks([ListwiseRanker()])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_scikit_learn_is_told_that_relevance_is_positive():
    tags = get_tags(ListwiseRanker()).target_tags
    assert tags.required
    assert tags.positive_only


def test_a_score_does_not_depend_on_the_rows_beside_it():
    X, y, sizes = lists()
    ranker = ListwiseRanker().fit(X, y, sizes)
    alone = np.concatenate([ranker.score_rows(row[None]) for row in X[:50]])
    np.testing.assert_array_equal(ranker.score_rows(X)[:50], alone)


def test_taken_apart_and_put_together_it_scores_the_same():
    X, y, sizes = lists()
    ranker = ListwiseRanker().fit(X, y, sizes)
    again = ListwiseRanker.from_arrays(ranker.arrays())
    np.testing.assert_array_equal(again.score_rows(X), ranker.score_rows(X))
    with pytest.raises(ValueError, match="expecting 4 features"):
        again.score_rows(X[:, :3])
    for wrong in (
        {"weights": np.ones(3)},
        {"scale": np.zeros(4)},
        {"mean": np.full(4, np.nan)},
        {name: np.ones((2, 2)) for name in ("mean", "scale", "weights")},
    ):
        with pytest.raises(ValueError, match="not those of its features"):
            ListwiseRanker.from_arrays({**ranker.arrays(), **wrong})


def test_rounds_are_limited():
    with pytest.warns(ConvergenceWarning, match="after 1 iterations"):
        ListwiseRanker(max_iter=1).fit(*lists())


@pytest.mark.parametrize(
    ("given", "y", "sentence"),
    [
        ({"C": 0}, None, "C must be a number above 0, got 0"),
        ({"tol": 0}, None, "tol must be a number above 0"),
        ({"max_iter": 0}, None, "max_iter must be a whole number of at least 1"),
        ({}, [-1.0, 1, 0], "y must be at least 0, got -1"),
        ({}, [0.0, 0, 0], "a list of two rows or more with y above 0"),
        ({}, [0.0, 0, 1], "a list of two rows or more with y above 0"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(given, y, sentence):
    X = np.arange(6.0).reshape(3, 2)
    with pytest.raises(ValueError, match=sentence):
        ListwiseRanker(**given).fit(X, [1.0, 0, 0] if y is None else y, [2, 1])
