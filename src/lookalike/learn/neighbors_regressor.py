"""k-nearest-neighbour regression."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import MultiOutputMixin, RegressorMixin

from lookalike._typing import Floats
from lookalike.learn._neighbors import NeighborsPredictor


class KNeighborsRegressor(MultiOutputMixin, RegressorMixin, NeighborsPredictor):
    r"""Predict the mean target of the k nearest training points.

    With weights :math:`w_i` of the neighbours :math:`N_k(x)`,

    .. math:: \hat y(x) = \frac{\sum_{i \in N_k(x)} w_i y_i}{\sum_{i \in N_k(x)} w_i} .

    Parameters
    ----------
    n_neighbors : int, default=5
        Size of the neighbourhood, between 1 and ``n_samples``.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        "uniform": every neighbour counts alike. "distance": by one over its distance;
        where neighbours lie exactly on the query, they alone count. A callable turns
        distances (n_queries, n_neighbors) into weights of that shape. None is
        "uniform".
    leaf_size : int, default=30
        Accepted for compatibility with scikit-learn; there are no leaves.
    algorithm, p, metric, metric_params
        As in ``NearestNeighbors``: the answer depends on the last three alone;
        "inner_product" has no distances to weigh by.
    n_jobs : int or None, default=None
        Threads; None is one, -1 is one for every processor.

    Attributes
    ----------
    n_samples_fit_ : int
        Training points.
    effective_metric_, effective_metric_params_
        As in ``NearestNeighbors``.

    Notes
    -----
    Cost per query as in ``NearestNeighbors``, which finds the neighbours exactly. Ties
    in distance go to the earlier training point.

    References
    ----------
    .. [1] Altman (1992). "An introduction to kernel and nearest-neighbor nonparametric
       regression". The American Statistician 46(3).

    Examples
    --------
    >>> from lookalike.learn import KNeighborsRegressor
    >>> X, y = [[0.0], [1.0], [5.0], [6.0]], [0.0, 2.0, 8.0, 10.0]
    >>> KNeighborsRegressor(n_neighbors=2).fit(X, y).predict([[0.4], [5.5]])
    array([1., 9.])
    """

    _targets: Floats

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Index X (n_samples, n_features), keep y (n_samples[, n_targets])."""
        X, y = self._validate(X, y, multi_output=True, y_numeric=True)
        self._keep(X)
        self._targets = y.astype(np.float64)
        return self

    def predict(self, X: Any) -> Floats:
        """Mean target of the neighbours, shape (n_queries[, n_targets]).

        None predicts the training points, each left out of its own mean.
        """
        distances, rows = self.kneighbors(X)
        weights = self._relative_weights(distances)
        shares = weights / weights.sum(axis=1, keepdims=True)
        means: Floats = np.einsum("qk,qk...->q...", shares, self._targets[rows])
        return means
