"""A training that leaves the numbers of its type says so instead of learning NaN."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lookalike.features.text import Word2Vec
from lookalike.learn import (
    ConvNetClassifier,
    LinearChainCRF,
    LinearDiscriminantAnalysis,
    LinearRegression,
    NeighbourhoodComponents,
    WordWindowClassifier,
)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
SENTENCES = [["one", "two", "three"], ["two", "three"]] * 20
TAGS = [["a", "b", "a"], ["b", "a"]] * 20


def images():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 64)).astype(np.float32), rng.integers(0, 3, 40)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (ConvNetClassifier((4,), learning_rate_init=1e30, max_iter=20), images),
        (NeighbourhoodComponents(2, learning_rate=1e30, max_iter=20), images),
        (
            WordWindowClassifier(learning_rate_init=1e37, max_iter=20, random_state=0),
            lambda: (SENTENCES, TAGS),
        ),
        (
            Word2Vec(4, learning_rate=1e37, min_count=1, random_state=0),
            lambda: (SENTENCES, None),
        ),
        (LinearChainCRF(C=1e308), lambda: ([[["x"]] * 3] * 9, [["a", "b", "a"]] * 9)),
    ],
    ids=lambda part: type(part).__name__,
)
def test_it_is_refused(model, data):
    with pytest.raises(ValueError, match=r"finite|too large|overflow"):
        model.fit(*data())


@pytest.mark.parametrize(
    "model",
    [LinearRegression(), LinearRegression(fit_intercept=False)]
    + [LinearDiscriminantAnalysis(solver=s) for s in ("svd", "lsqr", "eigen")],
    ids=str,
)
def test_a_column_too_small_to_be_squared_is_refused(model):
    X = np.random.default_rng(0).normal(size=(90, 3))
    y = np.where(X[:, 1] > 0, 1, -1)
    X[:, 1] *= 1e-140
    assert model.fit(X, y).score(X, y) > 0.5
    X[:, 1] *= 1e-60
    with pytest.raises(ValueError, match=r"Column 1 of X .* underflow float64"):
        model.fit(X, y)
    if isinstance(model, LinearRegression):
        with pytest.raises(ValueError, match=r"Column 1 of X .* underflow float64"):
            model.fit(csr_matrix(X), y)
        weight = (np.arange(90) < 45).astype(float)
        X[:, 1] = 1 - weight  # varies among rows without weight
        assert model.fit(X, y, weight).coef_[1] == 0
