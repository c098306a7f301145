"""Regression from neighbours agrees with scikit-learn."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.neighbors import KNeighborsRegressor as Theirs

from lookalike.learn import KNeighborsRegressor

RNG = np.random.default_rng(0)
X, Q = RNG.random((90, 4)), RNG.random((15, 4))
Y = np.column_stack([X[:, 0] + X[:, 1], X[:, 2]])


@pytest.mark.parametrize(
    "weights", ["uniform", "distance", np.exp, lambda d: 1 / (1 + d) ** 2, None]
)
@pytest.mark.parametrize("metric", ["minkowski", "l1", "chebyshev"])
def test_agrees_with_scikit_learn(weights, metric):
    asked = np.vstack([Q, X[:2]])  # two queries lie on training points
    for y in (Y, Y[:, 0], Y[:, :1]):
        options = {"weights": weights, "metric": metric}
        ours = KNeighborsRegressor(4, **options).fit(X, y)
        theirs = Theirs(4, **options).fit(X, y)
        np.testing.assert_allclose(ours.predict(asked), theirs.predict(asked))
        graphs = [m.kneighbors_graph(Q) for m in (ours, theirs)]
        assert abs(graphs[0] - graphs[1]).max() == 0


def test_sparse_rows_predict_like_dense_ones():
    kept = X * (X > 0.5)
    dense = KNeighborsRegressor(3).fit(kept, Y).predict(Q)
    sparse = KNeighborsRegressor(3).fit(csr_matrix(kept), Y).predict(csr_matrix(Q))
    np.testing.assert_allclose(sparse, dense)


def test_weights_that_are_all_zero_are_refused():
    model = KNeighborsRegressor(2, weights=np.zeros_like).fit(X, Y)
    with pytest.raises(ValueError, match=r"All neighbours .* weight zero"):
        model.predict(Q)
