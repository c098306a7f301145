"""k-nearest-neighbour classification."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from lookalike._typing import Array, Floats, Ints
from lookalike.learn._neighbors import NeighborsPredictor


class KNeighborsClassifier(ClassifierMixin, NeighborsPredictor):
    r"""Label a point by the vote of its k nearest training points.

    With weights :math:`w_i` of the neighbours :math:`N_k(x)`,

    .. math:: p(c \mid x) = \frac{\sum_{i \in N_k(x)} w_i [y_i = c]}
              {\sum_{i \in N_k(x)} w_i} .

    Parameters
    ----------
    n_neighbors : int, default=5
        Size of the neighbourhood, between 1 and ``n_samples``.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        "uniform": every neighbour has one vote. "distance": one over its distance;
        where neighbours lie exactly on the query, they alone vote. A callable turns
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
    classes_ : ndarray of shape (n_classes,)
        Labels seen in ``fit``, sorted.
    n_samples_fit_ : int
        Training points.
    effective_metric_, effective_metric_params_
        As in ``NearestNeighbors``.

    Notes
    -----
    Cost per query as in ``NearestNeighbors``, which finds the neighbours exactly. Ties
    in distance go to the earlier training point, ties in the vote to the smallest
    label.

    References
    ----------
    .. [1] Cover and Hart (1967). "Nearest neighbor pattern classification".
       IEEE Transactions on Information Theory 13(1).
    .. [2] Dudani (1976). "The distance-weighted k-nearest-neighbor rule".
       IEEE Transactions on Systems, Man, and Cybernetics SMC-6(4).

    Examples
    --------
    >>> from lookalike.learn import KNeighborsClassifier
    >>> X, y = [[0.0], [1.0], [5.0], [6.0]], ["left", "left", "right", "right"]
    >>> model = KNeighborsClassifier(n_neighbors=3, weights="distance").fit(X, y)
    >>> model.predict([[2.0]])
    array(['left'], dtype='<U5')
    >>> model.predict_proba([[2.0]])  # 1/2 and 1/1 against 1/3
    array([[0.82, 0.18]])
    """

    classes_: Array
    _labels: Ints

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Index the training set: X (n_samples, n_features), y (n_samples,)."""
        X, y = self._validate(X, y)
        check_classification_targets(y)
        self._keep(X)
        self.classes_, self._labels = np.unique(y, return_inverse=True)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Weighted share of each class, shape (n_queries, n_classes).

        None predicts the training points, each left out of its own vote.
        """
        distances, rows = self.kneighbors(X)
        weights = self._relative_weights(distances)
        n_queries, n_classes = len(rows), len(self.classes_)
        # One sum per query and class: the votes fall into bins q * n_classes + label.
        bins = np.arange(n_queries)[:, None] * n_classes + self._labels[rows]
        votes = np.bincount(bins.ravel(), weights.ravel(), n_queries * n_classes)
        votes = votes.reshape(n_queries, n_classes)
        shares: Floats = votes / votes.sum(axis=1, keepdims=True)
        return shares

    def predict(self, X: Any) -> Array:
        """Most voted label, shape (n_queries,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]
